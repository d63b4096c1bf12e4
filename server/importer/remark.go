package importer

import (
	"errors"
	"fmt"
	"strconv"

	"fieldsync/sync/fault"
)

// Remark is why a row is refused, or what a person should look at in it: a code that stays, and what its sentence tells
// of. String says it in English; a page says it in its reader's language. The zero Remark says nothing.
type Remark struct {
	Code  fault.Code `json:"code,omitempty"`
	Args  []Arg      `json:"args,omitempty"`
	Words string     `json:"words,omitempty"` // the sentence of a refusal that is not of this package, in English
}

// Arg is what a sentence tells of: a text of the file as it stands, something that has a name in every language, or
// another sentence.
type Arg struct {
	Text   string  `json:"text,omitempty"` // as it stands; of something with a name the English one
	Name   string  `json:"name,omitempty"` // the key of the name in the lists of words: "import.jobs.date", "party"
	Remark *Remark `json:"remark,omitempty"`
}

// The codes of remarks.
const (
	LineLong    fault.Code = "import_line_long"    // of bytes
	LineWide    fault.Code = "import_line_wide"    //
	MoreCells   fault.Code = "import_more_cells"   //
	NoByte      fault.Code = "import_no_byte"      //
	OtherCode   fault.Code = "import_encoding"     // of an encoding, and of the one tried instead
	OpenQuote   fault.Code = "import_open_quote"   //
	ColumnKept  fault.Code = "import_column_kept"  //
	ColumnLeft  fault.Code = "import_column_left"  //
	ColumnElse  fault.Code = "import_column_other" //
	NoDate      fault.Code = "import_no_date"      //
	TwoDates    fault.Code = "import_two_dates"    //
	OnlyDay     fault.Code = "import_only_day"     //
	NoAmount    fault.Code = "import_no_amount"    //
	NoWhole     fault.Code = "import_no_whole"     //
	NoNumber    fault.Code = "import_no_number"    //
	NoYesNo     fault.Code = "import_no_yes_no"    //
	NumberLarge fault.Code = "import_number_large" //
	NoCode      fault.Code = "import_no_code"      //
	ValueLong   fault.Code = "import_value_long"   // of bytes
	Misfit      fault.Code = "import_misfit"       // of a column or field, its value, and a Remark
	MisfitKept  fault.Code = "import_misfit_kept"  // of a value and a Remark
	Missing     fault.Code = "import_missing"      // of a field
	FieldLong   fault.Code = "import_field_long"   // of a field and bytes
	SameThing   fault.Code = "import_same_thing"   // of a line and a kind of thing
	TooOften    fault.Code = "import_too_often"    //
	PhoneMade   fault.Code = "import_phone_made"   // of a table and an id
	SeveralSo   fault.Code = "import_several"      // of a name
	MayNotMake  fault.Code = "import_may_not_make" // of a kind of thing and its name
	MayNotLevel fault.Code = "import_may_not_level"
	NoPhone     fault.Code = "import_no_phone"     // of what was typed
	NothingNew  fault.Code = "import_nothing_new"  // of a line
	PartLacks   fault.Code = "import_no_part"      // of a code
	PlaceLacks  fault.Code = "import_no_location"  // of a name or code
	ByNumber    fault.Code = "import_by_serial"    // of a part's code
	WasThere    fault.Code = "import_was_there"    //
	SinceChange fault.Code = "import_changed"      //
	SinceMended fault.Code = "import_corrected"    //
	NamedBy     fault.Code = "import_named"        // of a table
	NamedWithin fault.Code = "import_named_within" // of a table
	BesideOther fault.Code = "import_beside"       // of a column
	NumberTaken fault.Code = "import_number_taken" // of a number
)

// Sentences are what the remarks say in English, %[1]s being the first thing that they tell of.
var Sentences = map[fault.Code]string{
	LineLong:    "the line is longer than %[1]s bytes",
	LineWide:    "the line is wider than spreadsheets are",
	MoreCells:   "the line has more cells than there are columns",
	NoByte:      "the byte 0 was left out",
	OtherCode:   "not valid %[1]s: it was read as %[2]s",
	OpenQuote:   "a quotation mark is not closed: it was read as part of the text",
	ColumnKept:  "it is not known what this column holds: kept in the note",
	ColumnLeft:  "it is not known what this column holds: left out",
	ColumnElse:  "what it says means something else here: kept in the note, and it sets neither state nor priority",
	NoDate:      "no date",
	TwoDates:    "can be read in two ways: say whether days or months come first",
	OnlyDay:     "only the day was taken",
	NoAmount:    "no amount of money",
	NoWhole:     "no whole number",
	NoNumber:    "no number, or one with more than three decimals",
	NoYesNo:     "neither yes nor no",
	NumberLarge: "larger than anything that is counted or paid here",
	NoCode:      "none of the codes that are known here",
	ValueLong:   "longer than %[1]s bytes",
	Misfit:      "%[1]s %[2]s: %[3]s",
	MisfitKept:  "%[1]s: %[2]s; kept in the note",
	Missing:     "needed and missing: %[1]s",
	FieldLong:   "%[1]s: longer than %[2]s bytes",
	SameThing:   "line %[1]s is about the same %[2]s",
	TooOften:    "this was imported and taken back too often: make it by hand",
	PhoneMade:   "a phone made a %[1]s under the number that this row would get: look at %[2]s",
	SeveralSo:   "several are called %[1]s: give the number of one",
	MayNotMake:  "there is no %[1]s %[2]s, and your roles do not include making one",
	MayNotLevel: "your roles do not include setting the least and the most",
	NoPhone:     "%[1]s is no telephone number",
	NothingNew:  "line %[1]s is about the same customer, and this one names neither a site nor a contact",
	PartLacks:   "there is no part %[1]s: import the parts first",
	PlaceLacks:  "there is no location %[1]s: make it first",
	ByNumber:    "part %[1]s moves one by one, with its serial number: it is not counted in a sheet",
	WasThere:    "it was there before the import, which changed it: its history says what",
	SinceChange: "it was changed since",
	SinceMended: "it was corrected since",
	NamedBy:     "a %[1]s names it, which the import did not make",
	NamedWithin: "a %[1]s of the same import names it, and stays",
	BesideOther: "%[1]s: changed here since this source last told of it; both values are kept, as a conflict",
	NumberTaken: "another one here is called %[1]s: it was given a number of its own, and is found by this one as its key",
}

// Say returns the remark of that code about what is given: texts, numbers, Args, Remarks.
func Say(code fault.Code, about ...any) Remark {
	r := Remark{Code: code}
	for _, a := range about {
		switch a := a.(type) {
		case Arg:
			r.Args = append(r.Args, a)
		case Remark:
			r.Args = append(r.Args, Arg{Remark: &a})
		case int:
			r.Args = append(r.Args, Arg{Text: strconv.Itoa(a)})
		default:
			r.Args = append(r.Args, Arg{Text: fmt.Sprint(a)})
		}
	}
	return r
}

// Called returns something that has a name in the lists of words, and what it is called in English.
func Called(name, english string) Arg { return Arg{Text: english, Name: name} }

// RemarkOf returns what an error says of a row: the remark in it, else the code and sentence of its refusal.
func RemarkOf(err error) Remark {
	var said Said
	if errors.As(err, &said) {
		return said.Remark
	}
	var f *fault.Error
	if errors.As(err, &f) {
		return Remark{Code: f.Code, Words: f.Message}
	}
	return Remark{Words: err.Error()}
}

// Says reports whether there is anything to be said.
func (r Remark) Says() bool { return r.Code != "" || r.Words != "" }

// String says it in English.
func (r Remark) String() string {
	if sentence, ours := Sentences[r.Code]; ours && r.Words == "" {
		args := make([]any, len(r.Args))
		for i, a := range r.Args {
			args[i] = a.String()
		}
		return fmt.Sprintf(sentence, args...)
	}
	return r.Words
}

// String says it in English.
func (a Arg) String() string {
	if a.Remark != nil {
		return a.Remark.String()
	}
	return a.Text
}

// Refuse returns the remark as the reason of a refusal with that code.
func (r Remark) Refuse(code fault.Code) error { return fault.Wrap(code, r.String(), Said{r}) }

// Said is a remark on its way up as an error.
type Said struct{ Remark Remark }

// Error says it in English.
func (s Said) Error() string { return s.Remark.String() }
