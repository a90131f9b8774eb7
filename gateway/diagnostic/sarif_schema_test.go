package diagnostic_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/platform/platformtest"
)

// TestSARIFMeetsItsSchema checks the log against the part of the official
// schema that is about what we write.
func TestSARIFMeetsItsSchema(t *testing.T) {
	schema, err := os.ReadFile("testdata/sarif-subset.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	source := []byte("name = \"open\n\nother = (1\n")
	file, diags := hclsyntax.ParseConfig(source, "some where/a.hcl", hcl.InitialPos)
	if len(diags) == 0 {
		t.Fatal("no problem to write about")
	}
	files := map[string]*hcl.File{"some where/a.hcl": file}
	found := append(diagnostic.FromHCL(diags, files),
		diagnostic.New("defined twice", *diags[0].Subject, diagnostic.Info{Code: "AG207", Also: []diagnostic.Place{{Range: *diags[0].Subject, Text: "first"}}}),
		&hcl.Diagnostic{Severity: hcl.DiagWarning, Summary: "without a place and a code"},
	)
	var log bytes.Buffer
	for _, diags := range []hcl.Diagnostics{found, nil} {
		log.Reset()
		if err := diagnostic.WriteSARIF(&log, "0.1.0", diags, diagnostic.Options{Files: files}); err != nil {
			t.Fatal(err)
		}
		platformtest.CheckSchema(t, schema, log.Bytes())
	}
}
