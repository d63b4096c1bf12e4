package aftersales

import "testing"

// A refusal is a sentence in English, whatever it begins with; numbers, codes and what somebody typed stay as they are.
func TestARefusalIsASentence(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]string{
		"the job is closed":               "The job is closed.",
		"why, in which currency?":         "Why, in which currency?",
		"seal-12 moves one by one":        "seal-12 moves one by one.",
		"due_at is needed.":               "due_at is needed.",
		"This is one.":                    "This is one.",
		"no such customer: (ask the 3rd)": "No such customer: (ask the 3rd).",
		"by mail is no telephone number: type its digits, and write anything else into the note": "by mail is no telephone number: type its digits, and write anything else into the note.",
		"title is not edited: there is a command for it":                                         "Title is not edited: there is a command for it.",
		"": "",
	} {
		if got := Sentence(message); got != want {
			t.Errorf("%q is said as %q, want %q", message, got, want)
		}
	}
}
