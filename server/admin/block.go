package admin

// block is a part of a page that no column of a row holds: a table, some lines, or both. Pages are made of them in Go,
// and one template shows them all.
type block struct {
	ID    string
	Title string
	Hint  string
	Lines []saying
	Heads []string
	Rows  [][]spot
	Empty string // what is said where there is nothing
	Links []link // what can be done about it

	Period *period // that it tells of, for the reader to choose; nil where it tells of no time
}

// period is a stretch of days, "2026-01-31", as somebody asks for it: from the first of them through the last; "" is open.
type period struct{ URL, From, Until string }

// saying is a sentence; Level indents it, as the branches of a tree are.
type saying struct {
	Text  string
	URL   string
	Chip  string
	State string // the chip's class
	Level int
	Small string
}

// spot is one cell of a block's table.
type spot struct {
	Text  string
	URL   string
	Num   bool
	State string // shows it as a chip of that class
}

type link struct{ URL, Text string }

func says(text string) spot      { return spot{Text: text} }
func counts(text string) spot    { return spot{Text: text, Num: true} }
func leads(text, to string) spot { return spot{Text: text, URL: to} }
func marks(text, state string) spot {
	return spot{Text: text, State: state}
}
