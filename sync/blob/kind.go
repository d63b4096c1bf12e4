package blob

import (
	"bytes"
	"slices"
)

// HeadSize is how many of a file's first bytes Sniff looks at.
const HeadSize = 512

// The kinds of file, as the column attachment.kind has them.
const (
	Photo     = "photo"
	Voice     = "voice"
	Video     = "video"
	Document  = "document"
	Signature = "signature"
)

// kinds says what content each kind may have: nothing that a browser would run. A phone's recorder puts voice into
// the containers of video.
var kinds = map[string][]string{
	Signature: {"image/png", "image/jpeg", "image/webp"},
	Photo:     {"image/jpeg", "image/png", "image/webp", "image/heic", "image/avif", "image/gif"},
	Document:  {"application/pdf", "image/jpeg", "image/png"},
	Voice: {"audio/mp4", "audio/ogg", "audio/mpeg", "audio/aac", "audio/amr", "audio/wav", "audio/flac",
		"video/mp4", "video/webm", "video/3gpp"},
	Video: {"video/mp4", "video/webm", "video/3gpp", "video/quicktime"},
}

// order is that of importance: what money hangs on first, what is long last.
var order = []string{Signature, Photo, Document, Voice, Video}

// Rank returns where the kind stands among those that wait: 0 goes first. A kind that nobody knows goes last.
func Rank(kind string) int {
	if i := slices.Index(order, kind); i >= 0 {
		return i
	}
	return len(order)
}

// Fits reports whether a file of the kind may have content of the media type.
func Fits(kind, mediaType string) bool { return slices.Contains(kinds[kind], mediaType) }

// magic are the beginnings by which content is known.
var magic = []struct {
	at        int
	bytes     string
	mediaType string
}{
	{0, "\xff\xd8\xff", "image/jpeg"},
	{0, "\x89PNG\r\n\x1a\n", "image/png"},
	{0, "GIF87a", "image/gif"},
	{0, "GIF89a", "image/gif"},
	{0, "%PDF-", "application/pdf"},
	{0, "OggS\x00", "audio/ogg"},
	{0, "fLaC", "audio/flac"},
	{0, "#!AMR", "audio/amr"},
	{0, "ID3", "audio/mpeg"},
	{0, "\xff\xfb", "audio/mpeg"},
	{0, "\xff\xf3", "audio/mpeg"},
	{0, "\xff\xf2", "audio/mpeg"},
	{0, "\xff\xf1", "audio/aac"},
	{0, "\xff\xf9", "audio/aac"},
	{0, "\x1a\x45\xdf\xa3", "video/webm"},
	{8, "WEBPVP8", "image/webp"},
	{8, "WAVE", "audio/wav"},
}

// brands are those of the container that MP4, QuickTime and HEIC share, by their first letters.
var brands = []struct{ prefix, mediaType string }{
	{"heic", "image/heic"}, {"heix", "image/heic"}, {"heim", "image/heic"}, {"mif1", "image/heic"}, {"msf1", "image/heic"},
	{"avif", "image/avif"}, {"M4A", "audio/mp4"}, {"M4B", "audio/mp4"}, {"qt  ", "video/quicktime"}, {"3g", "video/3gpp"},
	{"isom", "video/mp4"}, {"iso2", "video/mp4"}, {"iso4", "video/mp4"}, {"iso5", "video/mp4"}, {"iso6", "video/mp4"},
	{"mp4", "video/mp4"}, {"avc1", "video/mp4"}, {"M4V", "video/mp4"}, {"dash", "video/mp4"}, {"MSNV", "video/mp4"},
}

// Sniff returns the media type of a file that begins with head, "" where it is none that is taken. It goes by the
// content alone: names and headers say whatever their sender likes. Text of any sort, HTML and SVG among it, is none.
func Sniff(head []byte) string {
	for _, m := range magic {
		if len(head) < m.at || !bytes.HasPrefix(head[m.at:], []byte(m.bytes)) {
			continue
		}
		if m.at == 0 || bytes.HasPrefix(head, []byte("RIFF")) {
			return m.mediaType
		}
	}
	if len(head) < 12 || string(head[4:8]) != "ftyp" {
		return ""
	}
	for _, b := range brands {
		if bytes.HasPrefix(head[8:], []byte(b.prefix)) {
			return b.mediaType
		}
	}
	return ""
}
