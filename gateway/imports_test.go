package gateway_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/addongw/addongw/"

// internalImports says what each package may import of this module. A package
// that is not here fails the test: say where it stands before writing it.
// Everything may import gateway and the SDK's plain types (see always).
var internalImports = map[string][]string{
	"gateway":                                   {"gateway", "plugins/backend"},
	"gateway/admin":                             {},
	"gateway/config":                            {"gateway/configvar", "gateway/diagnostic", "gateway/platform", "gateway/schema", "gateway/secret", "gateway/semver", "gateway/ssotoken", "plugins/backend/expr"},
	"gateway/configvar":                         {"gateway/diagnostic", "gateway/schema", "gateway/secret", "plugins/backend/expr"},
	"gateway/conformance":                       {"gateway/secret", "spec"},
	"gateway/conformance/all":                   {"gateway/conformance", "gateway/conformance/clevercloud", "gateway/conformance/nanobox", "gateway/conformance/scalingo", "gateway/conformance/xervo"},
	"gateway/conformance/clevercloud":           {"gateway/conformance", "gateway/conformance/clevercloud/vendorapi", "gateway/secret", "spec"},
	"gateway/diagnostic":                        {"gateway/diagnostic/explain", "plugins/backend/expr"},
	"gateway/diagnostic/explain":                {},
	"gateway/lifecycle":                         {"gateway/secret"},
	"gateway/conformance/scalingo":              {"gateway/conformance", "gateway/conformance/scalingo/ownapi", "gateway/secret", "spec"},
	"gateway/conformance/scalingo/ownapi":       {"gateway/conformance/standin"},
	"gateway/platform":                          {"gateway/diagnostic", "gateway/schema", "gateway/secret"},
	"gateway/platform/all":                      {"gateway/platform", "gateway/platform/clevercloud", "gateway/platform/nanobox", "gateway/platform/scalingo", "gateway/platform/xervo"},
	"gateway/platform/clevercloud":              {"gateway/diagnostic", "gateway/platform", "gateway/platform/caller", "gateway/platform/rules", "gateway/platform/sso", "gateway/schema", "gateway/secret"},
	"gateway/platform/caller":                   {"gateway/secret"},
	"gateway/platform/scalingo":                 {"gateway/diagnostic", "gateway/platform", "gateway/platform/caller", "gateway/platform/rules", "gateway/platform/sso", "gateway/schema"},
	"gateway/platform/nanobox":                  {"gateway/diagnostic", "gateway/platform", "gateway/platform/rules", "gateway/schema", "gateway/secret"},
	"gateway/platform/rules":                    {"gateway/diagnostic", "gateway/platform", "gateway/secret"},
	"gateway/platform/platformtest":             {"gateway/diagnostic", "gateway/platform", "gateway/secret", "gateway/server", "spec"},
	"gateway/platform/sso":                      {},
	"gateway/pluginhost":                        {"gateway/lifecycle", "gateway/semver", "plugins/backend/backendpb", "plugins/backend/expr"},
	"gateway/scaffold":                          {"gateway/secret"},
	"gateway/reference":                         {"gateway/config", "gateway/diagnostic", "gateway/diagnostic/explain", "gateway/platform", "gateway/schema", "plugins/backend/expr"},
	"gateway/schema":                            {"gateway/diagnostic", "gateway/secret", "plugins/backend/expr"},
	"gateway/secret":                            {},
	"gateway/semver":                            {},
	"gateway/server":                            {"gateway/platform"},
	"gateway/ssotoken":                          {"gateway/secret"},
	"gateway/store/sql":                         {"gateway/lifecycle"},
	"gateway/store/sqlite":                      {"gateway/lifecycle", "gateway/store/sql"},
	"gateway/store/storetest":                   {"gateway/lifecycle"},
	"gateway/web":                               {"gateway/platform", "gateway/platform/sso"},
	"gateway/web/webtest":                       {},
	"plugins/backend":                           {"plugins/backend/backendpb"},
	"plugins/backend/backendpb":                 {},
	"plugins/backend/backendtest":               {"plugins/backend/expr"},
	"plugins/backend/attribute":                 {},
	"plugins/backend/declared":                  {},
	"plugins/backend/expr":                      {},
	"plugins/postgres":                          {"plugins/backend/attribute"},
	"plugins/postgres/pgtest":                   {},
	"plugins/http":                              {"plugins/backend/declared", "plugins/backend/expr"},
	"plugins/redis":                             {"plugins/backend/attribute"},
	"plugins/redis/addongw-plugin-redis":        {"plugins/redis"},
	"plugins/redis/redistest":                   {},
	"plugins/shell":                             {"plugins/backend/declared"},
	"spec":                                      {},
	"plugins/http/addongw-plugin-http":          {"plugins/http"},
	"plugins/shell/addongw-plugin-shell":        {"plugins/shell"},
	"plugins/postgres/addongw-plugin-postgres":  {"plugins/postgres"},
	"gateway/conformance/clevercloud/vendorapi": {"gateway/conformance/standin"},
	"gateway/conformance/conformancetest":       {"gateway/conformance", "gateway/secret", "spec"},
	"gateway/platform/xervo":                    {"gateway/diagnostic", "gateway/platform", "gateway/platform/rules", "gateway/platform/sso", "gateway/schema"},
	"gateway/conformance/xervo":                 {"gateway/conformance", "gateway/secret", "spec"},
	"gateway/conformance/standin":               {},
	"gateway/conformance/nanobox":               {"gateway/conformance", "gateway/secret", "spec"},
}

// always lists what any package of gateway/ may import besides; plugins may
// import the SDK and nothing of gateway/.
var always = map[string][]string{
	"gateway": {"gateway", "plugins/backend"},
	"plugins": {"plugins/backend"},
}

// restricted says which packages may import a library. Nobody else may: a
// library that is seen in one place can be replaced in one place.
var restricted = map[string][]string{
	"github.com/chromedp":                 {"gateway/web/webtest"},
	"github.com/golang-jwt/jwt/v5":        {"gateway/ssotoken"},
	"github.com/hashicorp/go-version":     {"gateway/semver"},
	"github.com/hashicorp/hcl/v2":         {"cmd/addongw", "gateway/config", "gateway/configvar", "gateway/diagnostic", "gateway/platform", "gateway/platform/clevercloud", "gateway/platform/nanobox", "gateway/platform/platformtest", "gateway/platform/rules", "gateway/platform/scalingo", "gateway/platform/xervo", "gateway/reference", "gateway/schema", "plugins/backend/expr"},
	"github.com/hashicorp/go-hclog":       {"gateway/pluginhost"},
	"github.com/hashicorp/go-plugin":      {"gateway/pluginhost", "plugins/backend"},
	"github.com/jackc/pgx/v5":             {"plugins/postgres", "plugins/postgres/pgtest"},
	"github.com/julienschmidt/httprouter": {"gateway/platform", "gateway/platform/clevercloud", "gateway/platform/nanobox", "gateway/platform/platformtest", "gateway/platform/scalingo", "gateway/platform/xervo", "gateway/server"},
	"github.com/pressly/goose/v3":         {"gateway/store/sqlite"},
	"github.com/redis/go-redis/v9":        {"plugins/redis", "plugins/redis/redistest"},
	"github.com/spf13/cobra":              {"cmd/addongw"},
	"github.com/tink-crypto/tink-go/v2":   {"gateway/secret"},
	"golang.org/x/crypto":                 {"gateway/platform/nanobox"},
	"database/sql":                        {"gateway/store/sql", "gateway/store/sqlite"},
	"modernc.org/sqlite":                  {"gateway/store/sqlite"},
	"google.golang.org/grpc":              {"gateway/pluginhost", "plugins/backend", "plugins/backend/backendpb", "plugins/backend/backendtest"},
	"google.golang.org/protobuf":          {"gateway/pluginhost", "plugins/backend", "plugins/backend/backendpb"},
}

// TestPackagesImportOnlyWhatTheTableAllows reads the sources in-process: a
// test that asks the go command is served from the test cache and misses new
// violations. Test files may import more, save that plugins stay free of
// gateway.
func TestPackagesImportOnlyWhatTheTableAllows(t *testing.T) {
	seen := map[string]bool{}
	for _, file := range goFiles(t, "..") {
		pkg := filepath.ToSlash(filepath.Dir(file))
		seen[pkg] = true
		for _, imported := range imports(t, filepath.Join("..", file)) {
			if problem := forbidden(pkg, imported, strings.HasSuffix(file, "_test.go")); problem != "" {
				t.Errorf("%s imports %s: %s", file, imported, problem)
			}
		}
	}
	for pkg := range internalImports {
		if !seen[pkg] {
			t.Errorf("the table names %s, which does not exist", pkg)
		}
	}
}

func forbidden(pkg, imported string, test bool) string {
	top, _, _ := strings.Cut(pkg, "/")
	inner, ours := strings.CutPrefix(imported, module)
	if top == "plugins" && ours && strings.HasPrefix(inner, "gateway") {
		return "plugins know nothing of the gateway"
	}
	if test || pkg == "cmd/addongw" {
		return ""
	}
	if pkg == "gateway" && (ours || strings.Contains(strings.Split(imported, "/")[0], ".")) {
		return "package gateway uses the standard library only"
	}
	if ours {
		allowed, known := internalImports[pkg]
		if !known {
			return "package " + pkg + " is not in the import table"
		}
		if !slices.Contains(allowed, inner) && !slices.Contains(always[top], inner) {
			return "the import table does not allow it"
		}
		return ""
	}
	for library, users := range restricted {
		if (imported == library || strings.HasPrefix(imported, library+"/")) && !slices.Contains(users, pkg) {
			return "only " + strings.Join(users, ", ") + " may"
		}
	}
	return ""
}

func goFiles(t *testing.T, root string) []string {
	t.Helper()
	var files []string
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || path != "." && strings.HasPrefix(d.Name(), ".")) {
			return fs.SkipDir
		}
		if !d.IsDir() && strings.HasSuffix(path, ".go") {
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func imports(t *testing.T, file string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, spec := range parsed.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

// TestTheImportTableForbidsWhatItShould keeps the check itself honest.
func TestTheImportTableForbidsWhatItShould(t *testing.T) {
	cases := map[string]struct {
		pkg, imported string
		test, refused bool
	}{
		"a dialect may not know the engine":     {"gateway/platform/clevercloud", module + "gateway/lifecycle", false, true},
		"the engine may not know a dialect":     {"gateway/lifecycle", module + "gateway/platform/clevercloud", false, true},
		"the engine may not know HCL":           {"gateway/lifecycle", "github.com/hashicorp/hcl/v2", false, true},
		"the words know the standard library":   {"gateway", "github.com/zclconf/go-cty/cty", false, true},
		"plugins know nothing of the gateway":   {"plugins/postgres", module + "gateway/secret", true, true},
		"a package must be in the table":        {"gateway/utils", module + "gateway", false, true},
		"only the command line sees cobra":      {"gateway/server", "github.com/spf13/cobra", false, true},
		"the command line sees everything":      {"cmd/addongw", module + "gateway/lifecycle", false, false},
		"everything may speak the common words": {"gateway/server", module + "gateway", false, false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := forbidden(tc.pkg, tc.imported, tc.test) != ""; got != tc.refused {
				t.Errorf("refused = %v, want %v", got, tc.refused)
			}
		})
	}
}
