package http

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/addongw/addongw/plugins/backend"
)

// shown are the blocks of HCL in README.md: the whole config block first, then
// what can be added to one.
func shown(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for _, found := range regexp.MustCompile("(?s)```hcl\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		blocks = append(blocks, found[1])
	}
	return blocks
}

// inner is the config block inside of a backend block.
func inner(t *testing.T, text string) string {
	t.Helper()
	file, diags := hclsyntax.ParseConfig([]byte(text), "README.md", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	config := file.Body.(*hclsyntax.Body).Blocks[0].Body.Blocks[0]
	return text[config.OpenBraceRange.End.Byte:config.CloseBraceRange.Start.Byte]
}

// without takes the blocks out of a config that another text has.
func without(t *testing.T, config, more string) string {
	t.Helper()
	file, diags := hclsyntax.ParseConfig([]byte(more), "README.md", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	for _, b := range file.Body.(*hclsyntax.Body).Blocks {
		config = regexp.MustCompile(`(?ms)^    `+b.Type+` \{.*?^    \}\n`).ReplaceAllString(config, "")
		if b.Type == "oauth2" {
			config = regexp.MustCompile(`(?m)^.*Authorization = .*\n`).ReplaceAllString(config, "")
		}
	}
	return config
}

func TestWhatTheReadmeShowsIsRight(t *testing.T) {
	t.Parallel()
	blocks := shown(t)
	if len(blocks) < 8 {
		t.Fatalf("only %d blocks were found", len(blocks))
	}
	whole := inner(t, blocks[0])
	if got := words(judged(t, whole).Diagnostics); got != "" {
		t.Errorf("the first block: %s", got)
	}
	for _, more := range blocks[1:] {
		config := without(t, whole, more)
		// It is shown without what it returns.
		more = strings.Replace(more, "provision {", "provision {\n  outputs = { account_id = response.body.a, api_key = response.body.b }", 1)
		for line := range strings.Lines(words(judged(t, config+more).Diagnostics)) {
			// Only the order of the first block does not know the key of the rotation.
			if !strings.HasPrefix(line, "error provision.outputs: These outputs are declared, and provision does not read them: key_id ") {
				t.Errorf("%s\n%s", more, line)
			}
		}
	}
}

// TestTheFirstExampleOfTheReadmeWorks sells accounts of the API in these tests.
func TestTheFirstExampleOfTheReadmeWorks(t *testing.T) {
	t.Parallel()
	s := newSaaS(t)
	s.wantToken = "secret-env:MAILWIND_TOKEN"
	config := strings.Replace(inner(t, shown(t)[0]), `"https://api.mailwind.example/v2"`, `"`+s.URL+`/v2"`+"\nprivate_addresses = true", 1)
	h := configured(t, config)
	op := someOp(t)
	s.next(lost)
	_, r, err := provision(t, h, op)
	wantUnknown(t, err)
	op, result := mustProvision(t, h, r.again(op))
	if output(t, result.Outputs, "api_key") != "key-k0-1" || s.makes() != 1 {
		t.Errorf("%d accounts were made", s.makes())
	}
	op.Plan = planOfTier("large", "s1")
	changed, err := h.ChangePlan(t.Context(), backend.ChangePlanRequest{Op: op}, &recorder{})
	if err != nil || s.accounts["acc1"].Tier != "s1" || output(t, changed.Outputs, "account_id") != "acc1" {
		t.Errorf("%v: %+v", err, s.accounts["acc1"])
	}
	if _, err := deprovision(t, h, op); err != nil || s.count() != 0 {
		t.Errorf("%v: %d accounts are left", err, s.count())
	}
}
