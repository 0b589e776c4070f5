// Package scraperhelper has as much of the package of that name as Alloy is compiled with; nothing
// of ours calls it.
package scraperhelper

import (
	"errors"
	"time"
)

// ControllerConfig says how often something is asked.
type ControllerConfig struct {
	CollectionInterval, InitialDelay, Timeout time.Duration
}

// Validate refuses everything.
func (*ControllerConfig) Validate() error {
	return errors.New("scrapers are not built here")
}
