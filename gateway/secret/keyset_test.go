package secret

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

// memory is a KeysetStore.
type memory struct {
	keyset []byte
	sealed bool
	puts   int
	fail   error
}

func (m *memory) Keyset(context.Context) ([]byte, error) { return m.keyset, m.fail }

func (m *memory) PutKeyset(_ context.Context, wrapped []byte) error {
	m.keyset, m.puts = wrapped, m.puts+1
	return m.fail
}

func (m *memory) HasSealedRows(context.Context) (bool, error) { return m.sealed, m.fail }

func (m *memory) wrappedBy(t *testing.T) string {
	t.Helper()
	var w wrappedKeyset
	if err := json.Unmarshal(m.keyset, &w); err != nil {
		t.Fatal(err)
	}
	return w.KeyID
}

func newKey(id string, primary bool) Key {
	return Key{ID: id, Value: New(Generate()), Primary: primary}
}

func open(t *testing.T, store *memory, keys ...Key) *Sealer {
	t.Helper()
	s, err := OpenSealer(t.Context(), keys, store)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustFail(t *testing.T, store *memory, keys []Key, parts ...string) {
	t.Helper()
	_, err := OpenSealer(t.Context(), keys, store)
	if err == nil {
		t.Fatal("got no error")
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is missing in %q", part, err)
		}
	}
	for _, k := range keys {
		if text := k.Value.Reveal(); text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("the error shows a key: %q", err)
		}
	}
}

func TestWhatWasSealedOpensAfterARestart(t *testing.T) {
	store, key := &memory{}, newKey("a", true)
	ad := AD{Table: "resources", Row: "res_1", Column: "outputs"}
	for _, plaintext := range [][]byte{[]byte("p@ssword"), {}, bytes.Repeat([]byte{0}, 1<<20)} {
		sealed, err := open(t, store, key).Seal(plaintext, ad)
		if err != nil {
			t.Fatal(err)
		}
		if len(plaintext) > 0 && bytes.Contains(sealed, plaintext) {
			t.Error("the plaintext is in what was sealed")
		}
		got, err := open(t, store, key).Open(sealed, ad)
		if err != nil || !bytes.Equal(got, plaintext) {
			t.Errorf("got %d bytes, %v", len(got), err)
		}
	}
	if store.puts != 1 {
		t.Errorf("the keyset was stored %d times, want once", store.puts)
	}
}

func TestAValueOpensOnlyWhereItWasSealed(t *testing.T) {
	s := open(t, &memory{}, newKey("a", true))
	ad := AD{Table: "resources", Row: "res_1", Column: "outputs"}
	sealed, err := s.Seal([]byte("text"), ad)
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range []AD{
		{}, {"operations", "res_1", "outputs"}, {"resources", "res_2", "outputs"}, {"resources", "res_1", "config"},
		{"resource", "sres_1", "outputs"}, {"resourcesres_1", "", "outputs"}, {"resources", "res_1outputs", ""},
	} {
		if got, err := s.Open(sealed, other); err == nil || got != nil {
			t.Errorf("%+v opens it", other)
		}
	}
	for i := range sealed {
		damaged := bytes.Clone(sealed)
		damaged[i] ^= 1
		if _, err := s.Open(damaged, ad); err == nil {
			t.Fatalf("a flipped bit in byte %d goes unnoticed", i)
		}
	}
	for _, short := range [][]byte{nil, {}, sealed[:len(sealed)-1]} {
		if _, err := s.Open(short, ad); err == nil {
			t.Errorf("%d bytes open", len(short))
		}
	}
}

func TestPlacesNeverShareAnEncoding(t *testing.T) {
	seen := map[string]AD{}
	parts := []string{"", "a", "b", "ab", "a\x00", "\x00", "\x01a", strings.Repeat("a", 128), strings.Repeat("a", 300)}
	for _, table := range parts {
		for _, row := range parts {
			for _, column := range parts {
				ad := AD{table, row, column}
				if other, ok := seen[string(ad.encode())]; ok {
					t.Fatalf("%+v and %+v", ad, other)
				}
				seen[string(ad.encode())] = ad
			}
		}
	}
}

func TestAKeyIsReplacedInStages(t *testing.T) {
	store, a, b := &memory{}, newKey("2026-06", true), newKey("2026-11", false)
	ad := AD{Table: "resources", Row: "res_1", Column: "outputs"}
	sealed, err := open(t, store, a).Seal([]byte("text"), ad)
	if err != nil {
		t.Fatal(err)
	}
	store.sealed = true

	stage := func(name, wrappedBy string, keys ...Key) {
		t.Helper()
		got, err := open(t, store, keys...).Open(sealed, ad)
		if err != nil || string(got) != "text" {
			t.Fatalf("%s: got %q, %v", name, got, err)
		}
		if by := store.wrappedBy(t); by != wrappedBy {
			t.Errorf("%s: wrapped by %q, want %q", name, by, wrappedBy)
		}
	}
	stage("added", "2026-06", a, b)
	a.Primary, b.Primary = false, true
	stage("promoted", "2026-11", a, b)
	stage("old one dropped", "2026-11", b)
	mustFail(t, store, []Key{{ID: a.ID, Value: a.Value, Primary: true}}, `wrapped under key "2026-11"`, `"2026-06"`)

	renamed := Key{ID: "other name", Value: b.Value, Primary: true}
	stage("renamed", "other name", renamed)
}

func TestRowsWithoutTheirKeyRefuseToStart(t *testing.T) {
	store, key := &memory{}, newKey("first", true)
	open(t, store, key)
	store.sealed = true
	before := bytes.Clone(store.keyset)
	mustFail(t, store, []Key{newKey("second", true), newKey("third", false)}, "no key opens the store's keyset", `"first"`, `"second", "third"`, "Put the key")
	if !bytes.Equal(before, store.keyset) {
		t.Error("the keyset was replaced")
	}
	mustFail(t, &memory{sealed: true}, []Key{key}, "its keyset is gone", "backup")
	mustFail(t, &memory{sealed: true, keyset: []byte("{")}, []Key{key}, "damaged")
	mustFail(t, &memory{keyset: []byte(`{"version":2}`)}, []Key{key}, "newer version")
}

func TestAKeysetThatSealedNothingIsReplaced(t *testing.T) {
	store := &memory{}
	open(t, store, newKey("first", true))
	open(t, store, newKey("second", true))
	if by := store.wrappedBy(t); by != "second" {
		t.Errorf("wrapped by %q", by)
	}
}

func TestABadKeyringIsRefused(t *testing.T) {
	good := newKey("a", true)
	short := Key{ID: "b", Value: New("c2hvcnQ=")}
	for want, keys := range map[string][]Key{
		"it has no key": nil, `two keys are called "a"`: {good, newKey("a", false)}, `both "a" and "b" are primary`: {good, newKey("b", true)},
		`none of the keys "a", "b" has primary = true`: {newKey("a", false), newKey("b", false)}, "5 bytes instead of 32": {good, short},
		"is not Base64": {good, {ID: "b", Value: New("not base64 at all!")}}, "0 bytes": {good, {ID: "b"}}, "a key has no id": {{Value: good.Value}},
	} {
		t.Run(want, func(t *testing.T) { mustFail(t, &memory{}, keys, want) })
	}
}

func TestASingleKeyIsPrimary(t *testing.T) {
	open(t, &memory{}, newKey("only", false))
}

func TestTheStoresErrorsArePassedOn(t *testing.T) {
	broken := errors.New("disk is gone")
	if _, err := OpenSealer(t.Context(), []Key{newKey("a", true)}, &memory{fail: broken}); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func TestTheStoredKeysetIsEncrypted(t *testing.T) {
	store := &memory{}
	s := open(t, store, newKey("a", true))
	other := &memory{}
	open(t, other, newKey("a", true))
	if bytes.Equal(store.keyset, other.keyset) {
		t.Error("two stores have one keyset")
	}
	sealed, err := s.Seal([]byte("text"), AD{})
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.Seal([]byte("text"), AD{})
	if err != nil || bytes.Equal(sealed, again) {
		t.Errorf("sealing twice gives the same bytes, %v", err)
	}
}
