package reference_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/platform/all"
	"github.com/addongw/addongw/gateway/reference"
	"github.com/addongw/addongw/gateway/schema"
	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/http"
	"github.com/addongw/addongw/plugins/postgres"
	"github.com/addongw/addongw/plugins/redis"
	"github.com/addongw/addongw/plugins/shell"
)

var update = flag.Bool("update", false, "write spec/language anew")

const folder = "../../spec/language"

// pages makes the reference, with the backends of this repository.
func pages(t *testing.T) map[string][]byte {
	t.Helper()
	var backends []backend.Description
	for _, b := range []backend.Backend{http.New(), postgres.New(), redis.New(), shell.New()} {
		d, err := b.Describe(t.Context(), backend.DescribeRequest{})
		if err != nil {
			t.Fatal(err)
		}
		backends = append(backends, d)
	}
	made, err := reference.Pages(reference.New(all.Dialects(), all.Providers()), backends)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// TestTheReferenceIsWhatTheTablesSay compares spec/language with what make
// generate would write.
func TestTheReferenceIsWhatTheTablesSay(t *testing.T) {
	made := pages(t)
	if *update {
		write(t, made)
	}
	var found []string
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(folder, path)
		found = append(found, filepath.ToSlash(name))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(made)), slices.Sorted(slices.Values(found))); diff != "" {
		t.Errorf("files (-made +there), run make generate:\n%s", diff)
	}
	for _, name := range found {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(made[name]), string(text)); diff != "" {
			t.Errorf("spec/language/%s is stale, run make generate (-made +there):\n%s", name, diff)
		}
	}
}

func write(t *testing.T, made map[string][]byte) {
	t.Helper()
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	for name, text := range made {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

var (
	link  = regexp.MustCompile(`\]\(([^)#]+)(#[^)]*)?\)`)
	fence = regexp.MustCompile("(?s)```hcl\n(.*?)```")
)

func TestEveryLinkOfTheReferenceLeadsSomewhere(t *testing.T) {
	made := pages(t)
	count := 0
	for name, text := range made {
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			count++
			if _, err := os.Stat(filepath.Join(folder, filepath.Dir(name), m[1])); err != nil {
				t.Errorf("%s links to %s", name, m[1])
			}
		}
	}
	if count < 50 {
		t.Errorf("only %d links", count)
	}
}

func TestEveryExampleOfTheReferenceIsFormatted(t *testing.T) {
	for name, text := range pages(t) {
		for _, m := range fence.FindAllStringSubmatch(string(text), -1) {
			formatted, diags := config.Format(name, []byte(m[1]))
			if diff := cmp.Diff(string(formatted), m[1]); diff != "" {
				t.Errorf("%s: %v (-formatted +there):\n%s", name, diags, diff)
			}
		}
	}
}

// TestTheWholePagesOfExamplesLoad loads the examples of pages that are about
// several blocks at once.
func TestTheWholePagesOfExamplesLoad(t *testing.T) {
	for _, name := range []string{"expressions.md", "secrets.md"} {
		example := fence.FindSubmatch(pages(t)[name])[1]
		text := string(example) + "\ngateway {\n  base_url = \"https://addons.example.com\"\n}\n"
		if !strings.Contains(text, "\nbackend ") {
			text += "\nbackend \"postgres\" \"main\" {\n}\n"
		}
		text += "\naddon \"acme-db\" {\n  backend = backend.postgres.main\n\n  region \"eu\" {}\n\n  plan \"hobby\" {}\n}\n"
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "example.hcl"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, diags := config.Load(t.Context(), config.Options{Dir: dir, Dialects: all.Dialects(), Providers: all.Providers()}); len(diags) > 0 {
			t.Errorf("%s: %v", name, diags)
		}
	}
}

// TestTheJSONFormHasNoNulls: a list without elements is [].
func TestTheJSONFormHasNoNulls(t *testing.T) {
	text, err := json.Marshal(reference.New(all.Dialects(), all.Providers()))
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.ReplaceAll(text, []byte(`"default":null`), nil)
	if at := bytes.Index(text, []byte(":null")); at >= 0 {
		t.Errorf("null in …%s", text[max(0, at-80):at+5])
	}
}

// renter is a platform that servers are rented to.
type renter struct{ platform.ProviderDialect }

func (renter) Name() string { return "rentals" }

func (renter) Schema() *schema.Block {
	return &schema.Block{Type: "provider", Labels: []string{"platform", "id"}, Doc: "Rents boxes.", Example: "provider \"rentals\" \"acme\" {}\n",
		Attributes: []schema.Attribute{{Name: "nick_name", Type: cty.String, Doc: "What a box is called."}},
		Blocks:     []*schema.Block{{Type: "size", Labels: []string{"id"}, ForEach: true, Doc: "How large a box is."}},
	}
}

func TestAPlatformOfServersHasItsOwnPage(t *testing.T) {
	d := reference.New(all.Dialects(), []platform.ProviderDialect{renter{}})
	if len(d.Providers) != 1 || d.Providers[0].Name != "rentals" || len(d.Providers[0].Attributes) != 1 {
		t.Errorf("providers %+v", d.Providers)
	}
	made, err := reference.Pages(d, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, wants := range map[string][]string{
		"providers/rentals.md": {"\n# `provider \"rentals\" \"ID\"`\n", "Rents boxes.", "* `nick_name` (`string`): What a box is called.", "\n## `size \"ID\"`\n", "../blocks/provider.md"},
		"blocks/provider.md":   {"\n# `provider \"PLATFORM\" \"ID\"`\n", "* `backend` (reference, required):", "* `path` (`string`):", "../README.md"},
		"README.md":            {"[rentals](providers/rentals.md)"},
	} {
		for _, want := range wants {
			if !strings.Contains(string(made[name]), want) {
				t.Errorf("%s has no %q:\n%s", name, want, made[name])
			}
		}
	}
}

// TestWhatAPluginEvaluatesIsToldOfIt: readers and programs see which settings are
// expressions, and what else they may mention.
func TestWhatAPluginEvaluatesIsToldOfIt(t *testing.T) {
	d := backend.Description{Name: "caller", Config: backend.Schema{Blocks: []backend.Block{{Name: "provision", Max: 1, Body: backend.Schema{Attributes: []backend.Attribute{
		{Name: "path", Type: cty.String, Doc: "Where.", Expression: true},
		{Name: "outputs", Type: cty.Map(cty.String), Doc: "What.", Expression: true, Own: []string{"response", "status"}},
	}}}}}}
	text := reference.PluginText(d)
	for _, want := range []string{
		"Settings marked *expression* the plugin evaluates itself, when it needs them.",
		"* `path` (`string`, expression): Where.", "* `outputs` (`map(string)`, expression, may mention `response`, `status`): What.",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if plain := reference.PluginText(backend.Description{Name: "other"}); strings.Contains(plain, "expression") {
		t.Errorf("a plugin without expressions speaks of them:\n%s", plain)
	}
	attributes := reference.NewPlugin(d).Config.Blocks[0].Body.Attributes
	if a := attributes[1]; !a.Expression || len(a.Own) != 2 || attributes[0].Own == nil {
		t.Errorf("as JSON: %+v", attributes)
	}
}
