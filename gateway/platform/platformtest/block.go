package platformtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"

	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/secret"
)

// Password and Salt are secrets that no platform finds fault with.
const (
	Password = "correct-horse-battery-staple-and-36-c"
	Salt     = "k4mR8vZ2qT6wX0yB3nD7fG1hJ5lP9sUcE8aQo"
)

// Common is what config hands over for a block of the add-on "acme-db", as far
// as all platforms agree on it. A dialect's test adds what its own wants: plans,
// regions, config vars, a currency.
func Common(dialect string) platform.Common {
	base := "https://addons.acme.example/" + dialect + "/acme-db"
	return platform.Common{
		Addon: "acme-db", AddonName: "Acme Postgres", ID: "acme-db",
		Password: secret.New(Password), SSOSalt: secret.New(Salt), PasswordKnown: true, SSOSaltKnown: true,
		SSOPath: "/sso", SSOSkew: time.Minute, DefaultRegion: "paris",
		BaseURL: base, SSOURL: base + "/sso", TestBaseURL: base, TestSSOURL: base + "/sso",
		Ranges: map[string]hcl.Range{
			"password": Line(2), "sso_salt": Line(3), "username": Line(6), "test.base_url": Line(7), "test.sso_url": Line(8),
			"mode": Line(9), "base_url": Line(10), "currency": Line(13), "sso_path": Line(14),
		},
		Block: Line(1),
	}
}

// Line is where a test says that something is written.
func Line(n int) hcl.Range {
	return hcl.Range{Filename: "acme-db.hcl", Start: hcl.Pos{Line: n, Column: 1}, End: hcl.Pos{Line: n, Column: 2}}
}

// Decode has a dialect read its own settings as an operator writes them.
func Decode(t *testing.T, d platform.Dialect, c platform.Common, settings string) (platform.Mount, hcl.Diagnostics) {
	t.Helper()
	file, diags := hclparse.NewParser().ParseHCL([]byte(settings), "acme-db.hcl")
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return d.Decode(c, file.Body, nil)
}

// NewMount is Decode for a block without errors.
func NewMount(t *testing.T, d platform.Dialect, c platform.Common, settings string) platform.Mount {
	t.Helper()
	m, diags := Decode(t, d, c, settings)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return m
}

// Block is a correct block with a change, and what the dialect should report of
// it.
type Block struct {
	Change   func(*platform.Common)
	Settings string   // that only the dialect has
	Want     []string // as Brief has them; none: the block is correct still
}

// Check decodes the block c with its change, and compares what is reported.
func (b Block) Check(t *testing.T, d platform.Dialect, c platform.Common) (platform.Mount, hcl.Diagnostics) {
	t.Helper()
	if b.Change != nil {
		b.Change(&c)
	}
	m, diags := Decode(t, d, c, b.Settings)
	if diff := cmp.Diff(append([]string{}, b.Want...), Brief(diags)); diff != "" {
		t.Errorf("diagnostics (-want +got):\n%s", diff)
	}
	return m, diags
}

// Brief is diagnostics as "AG401 error 4": code, severity and line, sorted.
func Brief(diags hcl.Diagnostics) []string {
	found := []string{}
	for _, d := range diags {
		code := "?"
		if info, ok := diagnostic.Of(d); ok {
			code = info.Code
		}
		severity := "error"
		if d.Severity == hcl.DiagWarning {
			severity = "warning"
		}
		found = append(found, fmt.Sprint(code, " ", severity, " ", d.Subject.Start.Line))
	}
	slices.Sort(found)
	return found
}

// CheckSecretsAreNotQuoted breaks two rules at once, with a password that is too
// short and with the sample of the platform's documents for a salt.
func CheckSecretsAreNotQuoted(t *testing.T, d platform.Dialect, c platform.Common, sample string) {
	t.Helper()
	c.Password, c.SSOSalt = secret.New("hunter2-hunter2"), secret.New(sample)
	_, diags := Decode(t, d, c, "")
	if len(diags) != 2 {
		t.Fatalf("diagnostics: %v", Brief(diags))
	}
	for _, d := range diags {
		text := fmt.Sprintf("%s %s %+v", d.Summary, d.Detail, d.Extra)
		if strings.Contains(text, "hunter2") || strings.Contains(text, sample) {
			t.Errorf("a diagnostic quotes a secret: %s", text)
		}
	}
}
