// Package operator has as much of the package of that name as Alloy is compiled with; nothing of
// ours calls it.
package operator

import "errors"

// Config is what an operator would be made of.
type Config struct{}

// Unmarshal refuses everything.
func (*Config) Unmarshal(any) error {
	return errors.New("operators of Stanza are not built here")
}
