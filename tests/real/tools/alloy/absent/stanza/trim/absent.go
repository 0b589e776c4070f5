// Package trim has as much of the package of that name as Alloy is compiled with; nothing of ours
// calls it.
package trim

// Config says which white space stays.
type Config struct {
	PreserveLeading, PreserveTrailing bool
}
