package formula

import "testing"

// What a spreadsheet would reckon is a text, and comes back as it was; all else is left alone.
func TestNothingThatWasTypedIsAFormula(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`=HYPERLINK("http://a")`, "+86 138", "-1", "@sum", "\t=1", "\r=1", "\n=1", "＝1+1", "＋1", "－1", "＠a", "'=1", "''+"} {
		if got := Guard(text); got != "'"+text || Unguard(got) != text {
			t.Errorf("%q becomes %q, and %q again", text, got, Unguard(got))
		}
	}
	for _, text := range []string{"", "'", "'quoted'", "a=b", "泵", "1-2", "\xff"} {
		if Guard(text) != text || Unguard(text) != text {
			t.Errorf("%q becomes %q, %q", text, Guard(text), Unguard(text))
		}
	}
}
