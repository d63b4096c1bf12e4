package aftersales

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"fieldsync/sync/record"
)

// An Identity is what a customer is recognised by, and with him a duplicate.
type Identity struct {
	ID      record.ID // zero for one that is being typed
	Names   []string  // his own and those of his contacts
	Phones  []string  // as E164 has them
	Serials []string  // of his units
}

// IdentityOf returns what a customer is recognised by, with the contacts and units that are here.
func IdentityOf(v View, party record.ID) (Identity, error) {
	row, err := v.Row("party", party)
	if err != nil || row == nil {
		return Identity{}, err
	}
	p := PartyOf(row)
	c := Identity{ID: p.ID, Names: []string{p.Name}, Phones: []string{p.Phone, p.Phone2}}
	contacts, err := v.Refs("contact", "party", party)
	if err != nil {
		return Identity{}, err
	}
	for _, row := range contacts {
		k := ContactOf(row)
		c.Phones = append(c.Phones, k.Phone, k.Phone2)
	}
	units, err := v.Refs("unit", "party", party)
	for _, row := range units {
		c.Serials = append(c.Serials, row.Get("serial").Text())
	}
	return c, err
}

// The reasons why two customers may be one.
const (
	SamePhone   = "phone"
	SameName    = "name" // or one much alike
	SameSerials = "serial"
)

// Likeness is how likely two customers are one.
type Likeness struct {
	A     record.ID `json:"a"`
	B     record.ID `json:"b"`
	Score int       `json:"score"` // 0 to 100
	Why   []string  `json:"why"`   // SamePhone, SameName, SameSerials
}

// AlikeFrom is the score from which two customers are shown as likely one.
const AlikeFrom = 60

// nameAlike is the similarity, in percent, from which two names are said to be alike.
const nameAlike = 75

// Compare says how likely two customers are one: for the same serial number 95, the same telephone number 85, a name
// that is alike up to 80; a name beside another reason makes it surer.
func (c Identity) Compare(other Identity) Likeness {
	l := Likeness{A: c.ID, B: other.ID}
	name := nameSimilarity(c.Names, other.Names)
	if haveCommon(c.Serials, other.Serials, serialKey) {
		l.Score, l.Why = 95, append(l.Why, SameSerials)
	}
	if haveCommon(c.Phones, other.Phones, Phone) {
		l.Score, l.Why = max(l.Score, 85), append(l.Why, SamePhone)
	}
	if name >= nameAlike {
		l.Score, l.Why = max(l.Score, name*80/100), append(l.Why, SameName)
	}
	if len(l.Why) > 1 {
		l.Score = min(100, l.Score+10)
	}
	return l
}

// FindDuplicates returns who among the others is likely the same, the likeliest first: while a customer is typed in.
func FindDuplicates(c Identity, others []Identity) []Likeness {
	var list []Likeness
	for _, other := range others {
		if l := c.Compare(other); l.Score >= AlikeFrom && (c.ID != other.ID || c.ID.IsZero()) {
			list = append(list, l)
		}
	}
	slices.SortFunc(list, bySureness)
	return list
}

// DuplicatePairs returns all pairs of customers that are likely one, the likeliest first. It compares only those that
// can be: two with a telephone or serial number in common, or with one of the rarest pieces of their names, which two
// names that are alike always have.
func DuplicatePairs(all []Identity) []Likeness {
	buckets := map[string][]int{}
	rarity := pieceCounts(all)
	for i, c := range all {
		for _, key := range blockKeys(c, rarity) {
			buckets[key] = append(buckets[key], i)
		}
	}
	seen, list := map[[2]int]bool{}, []Likeness{}
	for _, members := range buckets {
		for n, i := range members {
			for _, j := range members[:n] {
				pair := [2]int{j, i}
				if seen[pair] || i == j {
					continue
				}
				seen[pair] = true
				if l := all[j].Compare(all[i]); l.Score >= AlikeFrom {
					list = append(list, l)
				}
			}
		}
	}
	slices.SortFunc(list, bySureness)
	return list
}

func bySureness(a, b Likeness) int {
	return cmp.Or(cmp.Compare(b.Score, a.Score), compareIDs(a.A, b.A), compareIDs(a.B, b.B))
}

// blockKeys returns keys of which two identities that are likely one share at least one.
func blockKeys(c Identity, rarity map[string]int) []string {
	keys := map[string]bool{}
	for _, p := range c.Phones {
		if p = Phone(p); p != "" {
			keys["p"+p] = true
		}
	}
	for _, s := range c.Serials {
		if s = serialKey(s); s != "" {
			keys["s"+s] = true
		}
	}
	for _, name := range c.Names {
		for _, piece := range rarest(namePieces(name), rarity) {
			keys["n"+piece] = true
		}
	}
	list := make([]string, 0, len(keys))
	for k := range keys {
		list = append(list, k)
	}
	return list
}

// rarest returns so many of a name's pieces, the rarest first, that every name alike has one of them among its own
// rarest: of n pieces at least n*t/(2-t) are in common where the similarity is t.
func rarest(pieces []string, rarity map[string]int) []string {
	sorted := slices.Clone(pieces)
	slices.SortFunc(sorted, func(a, b string) int {
		return cmp.Or(cmp.Compare(rarity[a], rarity[b]), cmp.Compare(a, b))
	})
	least := (len(sorted)*nameAlike + 199 - nameAlike) / (200 - nameAlike)
	return sorted[:len(sorted)-max(least, 1)+1]
}

func pieceCounts(all []Identity) map[string]int {
	counts := map[string]int{}
	for _, c := range all {
		for _, name := range c.Names {
			for _, p := range namePieces(name) {
				counts[p]++
			}
		}
	}
	return counts
}

// haveCommon reports whether two lists have an element in common, as key writes it; "" is none.
func haveCommon(a, b []string, key func(string) string) bool {
	return slices.ContainsFunc(a, func(s string) bool {
		s = key(s)
		return s != "" && slices.ContainsFunc(b, func(t string) bool { return key(t) == s })
	})
}

// serialKey returns a serial number as it is compared: letters and digits, in capitals.
func serialKey(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToUpper(r)
		}
		return -1
	}, norm.NFKC.String(s))
}

// nameSimilarity returns how alike the most similar of the names are, in percent.
func nameSimilarity(a, b []string) (most int) {
	for _, s := range a {
		for _, t := range b {
			most = max(most, dice(namePieces(s), namePieces(t)))
		}
	}
	return most
}

// dice returns twice what two sorted sets have in common, in percent of what they have together.
func dice(a, b []string) int {
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	common := 0
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch c := strings.Compare(a[i], b[j]); {
		case c == 0:
			common, i, j = common+1, i+1, j+1
		case c < 0:
			i++
		default:
			j++
		}
	}
	return 200 * common / (len(a) + len(b))
}

// legalForms say how a company is owned, not which one it is.
var legalForms = []string{
	"有限责任公司", "有限責任公司", "股份有限公司", "有限公司", "股份", "集团", "集團", "公司",
}

var legalWords = map[string]bool{
	"ltd": true, "limited": true, "co": true, "company": true, "inc": true, "corp": true, "corporation": true,
	"llc": true, "gmbh": true, "ag": true, "kg": true, "sa": true, "plc": true, "group": true,
}

// namePieces returns the pairs of neighbouring letters in a name, sorted, each once: what works for 港口起重 as for Harbour
// Cranes. Case, width, punctuation, the order of words and the legal form make no difference, unless the name is
// nothing else. A letter that stands alone is a piece.
func namePieces(name string) []string {
	words := nameWords(name)
	set := map[string]bool{}
	for _, w := range words {
		letters := []rune(w)
		if len(letters) == 1 {
			set[w] = true
		}
		for i := 1; i < len(letters); i++ {
			set[string(letters[i-1:i+1])] = true
		}
	}
	list := make([]string, 0, len(set))
	for p := range set {
		list = append(list, p)
	}
	slices.Sort(list)
	return list
}

func nameWords(name string) []string {
	folded := strings.ToLower(norm.NFKC.String(name))
	all := strings.FieldsFunc(folded, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) })
	var words []string
	for _, w := range all {
		for _, form := range legalForms {
			w = strings.TrimSuffix(w, form)
		}
		if w != "" && !legalWords[w] {
			words = append(words, w)
		}
	}
	if len(words) == 0 {
		return all
	}
	return words
}
