// Package split has as much of the package of that name as Alloy is compiled with; nothing of ours
// calls it.
package split

// Config says where entries begin and end.
type Config struct {
	LineStartPattern, LineEndPattern string
	OmitPattern                      bool
}
