// Package libpf has as much of the package of that name as Alloy is compiled with; nothing of ours
// calls it.
package libpf

// FileID names a file.
type FileID struct{ high, low uint64 }

// Hash32 is what a file is found by.
func (id FileID) Hash32() uint32 {
	return uint32(id.high ^ id.low)
}

// StringNoQuotes is its text.
func (FileID) StringNoQuotes() string {
	return ""
}

// String is a text that is kept once.
type String struct{ text string }

// String is the text.
func (kept String) String() string {
	return kept.text
}

// FrameMappingFileData is what is known of a file.
type FrameMappingFileData struct {
	FileID     FileID
	FileName   String
	GnuBuildID string
}
