package platform

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway"
)

func TestThePlatformsIDIsOneUnderAllItsNames(t *testing.T) {
	named := func(a, b, c string) []NamedID { return []NamedID{{"a_id", a}, {"b_id", b}, {"c_id", c}} }
	for want, fields := range map[string][]NamedID{
		"":                          named("", "", ""),
		"x":                         named("x", "", ""),
		"y":                         named("", "y", ""),
		"z":                         named("z", "z", "z"),
		`"a_id" and "b_id" differ.`: named("x", "y", ""),
		`"b_id" and "c_id" differ.`: named("", "x", "y"),
		`"a_id" and "c_id" differ.`: named("x", "x", "X"),
		"The add-on id holds a control character.":     named("", "x\n", ""),
		"The add-on id is longer than 255 characters.": named("", "", strings.Repeat("é", 256)),
	} {
		got, err := ExternalID(fields...)
		if err != nil {
			got = gateway.Message(err)
			if gateway.KindOf(err) != gateway.Invalid {
				t.Errorf("%s is %s", got, gateway.KindOf(err))
			}
		}
		if got != want {
			t.Errorf("%v: %q, want %q", fields, got, want)
		}
	}
}

func TestOptionsAreTexts(t *testing.T) {
	text := "16"
	got, err := OptionTexts(map[string]*string{"version": &text})
	if diff := cmp.Diff(map[string]string{"version": "16"}, got); diff != "" || err != nil {
		t.Errorf("options (-want +got):\n%s%v", diff, err)
	}
	if got, err := OptionTexts(nil); got == nil || len(got) != 0 || err != nil {
		t.Errorf("none: %v, %v", got, err)
	}
	if _, err := OptionTexts(map[string]*string{"version": nil}); gateway.KindOf(err) != gateway.Invalid {
		t.Errorf("null: %v", err)
	}
}
