// Package scrapeconfig has as much of the package of that name as Alloy's reader of a journal needs:
// what it is told. The rest is how Promtail found its targets, by every cloud's own library.
package scrapeconfig

import "github.com/prometheus/common/model"

// JournalTargetConfig says which entries of which journal are read, and with which labels.
type JournalTargetConfig struct {
	MaxAge  string
	JSON    bool
	Labels  model.LabelSet
	Path    string
	Matches string
}
