package semver

import "testing"

func TestConstraintsAdmitVersions(t *testing.T) {
	for _, c := range []struct {
		constraint, version string
		want                bool
	}{
		{"", "1.0.0", true},
		{"", "anything", true},
		{"~> 1.0", "1.9.0", true},
		{"~> 1.0", "2.0.0", false},
		{">= 1.2, < 2", "1.2.0", true},
		{">= 1.2, < 2", "2.0.0", false},
		{"~> 1.0", "1.2.0-rc.1", true},
		{">= 1.2", "1.2.0-dev", true},
		{">= 1.3", "1.2.0-dev", false},
		{"< 1.2", "1.2.0-dev", false},
		{">= 1.2.0-rc.2", "1.2.0-rc.1", false},
		{">= 1.2.0-rc.2", "1.2.0-rc.2", true},
		{">= 1.2.0-rc.2", "1.2.0", true},
		{"1.2.0", "1.2.0+build.7", true},
		{"~> 1.0", "new", false},
	} {
		parsed, err := Parse(c.constraint)
		if err != nil {
			t.Fatal(err)
		}
		if got := parsed.Admits(c.version); got != c.want {
			t.Errorf("%q admits %q: %t", c.constraint, c.version, got)
		}
	}
	if _, err := Parse("at least 1"); err == nil {
		t.Error("words are a constraint")
	}
}
