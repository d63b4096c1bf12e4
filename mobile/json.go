package mobile

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// encode returns v as JSON. An empty list is [], a missing object {}.
func encode(v any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "", err
	}
	text := strings.TrimSuffix(b.String(), "\n")
	if text == "null" {
		text = "{}"
	}
	return text, nil
}

// decode reads an object; "" is an empty one. The names of its members match the fields of v whatever their case and
// without their underscores; one that v does not know is refused, since it would be lost.
func decode(text string, v any) error {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var members map[string]any
	if err := d.Decode(&members); err != nil {
		return badJSON(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return refuse("invalid_value", "there is more than one JSON object")
	}
	bare, err := json.Marshal(withoutUnderscores(members))
	if err != nil {
		return badJSON(err)
	}
	d = json.NewDecoder(bytes.NewReader(bare))
	d.DisallowUnknownFields()
	d.UseNumber()
	if err := d.Decode(v); err != nil {
		return badJSON(err)
	}
	return nil
}

func badJSON(err error) error {
	return refuse("invalid_value", "the JSON is not what is expected here: "+strings.TrimPrefix(err.Error(), "json: "))
}

// withoutUnderscores renames the members of objects, and of what is in them.
func withoutUnderscores(v any) any {
	switch v := v.(type) {
	case map[string]any:
		bare := make(map[string]any, len(v))
		for name, member := range v {
			bare[strings.ReplaceAll(name, "_", "")] = withoutUnderscores(member)
		}
		return bare
	case []any:
		for i := range v {
			v[i] = withoutUnderscores(v[i])
		}
	}
	return v
}

// named returns an object with one member.
func named(name, text string) string {
	b, _ := json.Marshal(map[string]string{name: text}) // strings always have a JSON form
	return string(b)
}
