// Package process has as much of the package of that name as Alloy is compiled with; nothing of
// ours calls it.
package process

import "io"

// ReadAtCloser is a file that is read.
type ReadAtCloser interface {
	io.ReaderAt
	io.Closer
}
