package platformtest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/spec"
)

// Manifest returns a mount's manifest with its secrets, which the schema of its
// platform must allow.
func Manifest(t *testing.T, m platform.Mount) string {
	t.Helper()
	got, err := m.Manifest(true)
	if err != nil {
		t.Fatal(err)
	}
	CheckSchema(t, specified(t, m, "manifest.schema.json"), got)
	return string(got)
}

// CheckManifest compares a mount's manifest with the one in its platform's
// specification.
func CheckManifest(t *testing.T, m platform.Mount) {
	t.Helper()
	if diff := cmp.Diff(string(specified(t, m, "manifest.json")), Manifest(t, m)); diff != "" {
		t.Errorf("manifest (-want +got):\n%s", diff)
	}
}

func specified(t *testing.T, m platform.Mount, name string) []byte {
	t.Helper()
	document, err := spec.File(m.Scope().Platform, name)
	if err != nil {
		t.Fatal(err)
	}
	return document
}
