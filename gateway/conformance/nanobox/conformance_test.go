package nanobox_test

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/gateway/conformance/nanobox"
	"github.com/addongw/addongw/gateway/secret"
)

// check runs the tester against a provider.
func check(t *testing.T, ctx context.Context, p *provider, o conformance.Options) *conformance.Report {
	t.Helper()
	document, err := json.Marshal(map[string]any{"endpoint": p.url, "meta": map[string]any{"id": "acme"}})
	if err != nil {
		t.Fatal(err)
	}
	found, problems := nanobox.Platform{}.ReadManifest(document, conformance.Reading{})
	found = nanobox.Platform{}.Discover(ctx, found, time.Second)
	for _, c := range found.Credentials {
		found.Others = append(found.Others, conformance.Credential{Key: c.Key, Header: c.Header, Value: secret.New(otherToken)})
	}
	for i := range found.Credentials {
		found.Credentials[i].Value = secret.New(token)
	}
	if o.Wait == 0 {
		o.Wait = 600 * time.Millisecond
	}
	report, err := conformance.Run(ctx, nanobox.Platform{}, found, problems, o)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// modes are the providers that are right, with the checks that do not apply.
var modes = map[string][]string{
	"reference": {"NB-B5", "NB-I1", "NB-I2", "NB-I3", "NB-K16", "NB-N6", "NB-Q10"},
	"object": {
		"NB-A8", "NB-B1", "NB-B2", "NB-B3", "NB-B4", "NB-B6", "NB-I1", "NB-I2", "NB-I3", "NB-K1", "NB-K2", "NB-K3", "NB-K4", "NB-K5", "NB-K6", "NB-K7", "NB-K8",
		"NB-K9", "NB-K10", "NB-K11", "NB-K12", "NB-K13", "NB-K14", "NB-K15", "NB-K17", "NB-N1", "NB-N2", "NB-N3", "NB-N4", "NB-N5", "NB-O9", "NB-O11", "NB-Q10",
	},
	"password": {
		"NB-A8", "NB-B5", "NB-I4", "NB-K1", "NB-K2", "NB-K3", "NB-K4", "NB-K5", "NB-K6", "NB-K7", "NB-K8", "NB-K9", "NB-K10", "NB-K11", "NB-K12", "NB-K13",
		"NB-K14", "NB-K15", "NB-K17", "NB-N6", "NB-O9", "NB-O11", "NB-Q11",
	},
}

func TestARightProviderIsBlamedForNothing(t *testing.T) {
	for mode, skipped := range modes {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			p := newProvider(t, mode, "")
			for _, result := range check(t, t.Context(), p, conformance.Options{}).Results {
				want := conformance.OK
				if slices.Contains(skipped, result.ID) {
					want = conformance.Skipped
				}
				if result.Outcome != want {
					t.Errorf("%s is %s, want %s: %s%q", result.ID, result.Outcome, want, result.Why, result.Problems)
				}
			}
			if n := p.asked["POST /servers"]; n > 30 || p.made > 40 {
				t.Errorf("%d orders, %d things were made", n, p.made)
			}
		})
	}
}

func TestEachDefectIsNamedByItsCheckAndNoOther(t *testing.T) {
	for mode, defects := range defects {
		for _, defect := range slices.Sorted(maps.Keys(defects)) {
			t.Run(mode+"/"+defect, func(t *testing.T) {
				t.Parallel()
				p := newProvider(t, mode, defect)
				report := check(t, t.Context(), p, conformance.Options{})
				broken := map[string][]string{}
				for _, result := range report.Results {
					if result.Outcome.Broken() {
						broken[result.ID] = result.Problems
					}
				}
				if diff := cmp.Diff([]string{defects[defect]}, slices.Sorted(maps.Keys(broken))); diff != "" {
					t.Errorf("broken checks (-want +got):\n%s%q", diff, broken)
				}
				if report.Stopped != "" || len(report.Left) > 0 || p.alive() > 0 {
					t.Errorf("stopped: %q, left behind: %+v, %d are there", report.Stopped, report.Left, p.alive())
				}
			})
		}
	}
}

// TestAFieldOfTheMetadataKeepsNothingElseFromBeingJudged: only what looks for the
// field itself cannot go on without it.
func TestAFieldOfTheMetadataKeepsNothingElseFromBeingJudged(t *testing.T) {
	for defect, blocked := range map[string][]string{
		"the id is a number": {"NB-E10"}, "can_reboot is a text": {"NB-B5", "NB-N6"}, "instructions that say nothing": nil, "no default size": {"NB-E8"},
	} {
		t.Run(defect, func(t *testing.T) {
			t.Parallel()
			report := check(t, t.Context(), newProvider(t, "reference", defect), conformance.Options{})
			for _, result := range report.Results {
				if result.Outcome == conformance.Blocked && !slices.Contains(blocked, result.ID) {
					t.Errorf("%s is blocked: %s", result.ID, result.Why)
				}
			}
			if n := report.Count(conformance.OK); n < 100-len(modes["reference"]) {
				t.Errorf("only %d checks were made", n)
			}
		})
	}
}

// defects are what is wrong with a provider, with the check that must say so.
var defects = map[string]map[string]string{
	"object": {
		"404 for keys":                         "NB-K16",
		"404 for what is switched off: reboot": "NB-B5",
		"404 for what is switched off: rename": "NB-N6",
		"404 for what is switched off: keys":   "NB-I4",
	},
	"password": {
		"no password":              "NB-Q10",
		"no key is installed":      "NB-I1",
		"204 for an installed key": "NB-I2",
		"any text is installed":    "NB-I3",
	},
	"reference": {
		"no credential_fields":                "NB-E1",
		"the id is a number":                  "NB-E11",
		"no default size":                     "NB-E12",
		"can_reboot is a text":                "NB-E13",
		"instructions that say nothing":       "NB-E14",
		"201 for the metadata":                "NB-E2",
		"no default plan":                     "NB-E3",
		"no ssh_auth_method":                  "NB-E4",
		"a key method of its own":             "NB-E5",
		"a long bootstrap script":             "NB-E6",
		"an interface is a number":            "NB-E6",
		"a credential without a label":        "NB-E7",
		"two credentials in one header":       "NB-E7",
		"the default plan is nowhere":         "NB-E8",
		"the default size is in another plan": "NB-E8",
		"the metadata is slow":                "NB-E9",
		"another id than was registered":      "NB-E10",

		"the catalog is an object":       "NB-G1",
		"201 for the catalog":            "NB-G2",
		"a plan without an id":           "NB-G3",
		"the id of a region is a number": "NB-G3",
		"a region without plans":         "NB-G3",
		"RAM with a unit":                "NB-G4",
		"half a gigabyte of disk":        "NB-G4",
		"no price":                       "NB-G5",
		"a word for a price":             "NB-G5",
		"a word for CPUs":                "NB-G6",
		"RAM is a text":                  "NB-G7",
		"no transfer":                    "NB-G7",
		"another title":                  "NB-G8",
		"a size twice":                   "NB-G9",

		"204 for good credentials":                             "NB-A1",
		"201 for good credentials":                             "NB-A1",
		"a word for good credentials":                          "NB-A2",
		"415 for an octet-stream":                              "NB-A3",
		"any credentials are good":                             "NB-A4",
		"403 for wrong credentials":                            "NB-A5",
		"orders without credentials":                           "NB-A6",
		"400 without credentials":                              "NB-A7",
		"keys without credentials":                             "NB-A8",
		"renames without credentials":                          "NB-A9",
		"empty credentials are good":                           "NB-A10",
		"headers in lower case are not seen":                   "NB-A11",
		"credentials with underscores are not seen":            "NB-A12",
		"credentials as the document prints them are not seen": "NB-A13",
		"conflicting credentials are accepted":                 "NB-A14",
		"only who has verified is known":                       "NB-A15",
		"wrong credentials reach servers":                      "NB-A16",
		"verifying is slow":                                    "NB-A17",

		"the id of a key is a number":     "NB-K1",
		"200 for a key":                   "NB-K2",
		"the name of a key is name only":  "NB-K3",
		"a key twice has two ids":         "NB-K4",
		"the name is the key":             "NB-K5",
		"keys without a text":             "NB-K6",
		"any text is a key":               "NB-K7",
		"a key without its text":          "NB-K8",
		"200 for asking for a key":        "NB-K9",
		"deleted keys stay":               "NB-K10",
		"204 for a deleted key":           "NB-K11",
		"400 for a key that is not there": "NB-K12",
		"400 for a key that was deleted":  "NB-K13",
		"another customer sees keys":      "NB-K14",
		"keys at once are doubled":        "NB-K17",
		"the id of a key has signs":       "NB-K15",

		"the id of a server is a number":   "NB-O1",
		"200 for an order":                 "NB-O2",
		"an order says more":               "NB-O3",
		"orders are held open":             "NB-O4",
		"no defaults":                      "NB-O5",
		"any size is known":                "NB-O6",
		"any region is known":              "NB-O7",
		"sizes of other regions are taken": "NB-O8",
		"any key is known":                 "NB-O9",
		"400 for an unknown size":          "NB-O10",
		"400 for an unknown key":           "NB-O11",
		"half an order breaks it":          "NB-O12",
		"422 for what cannot be read":      "NB-O12",
		"orders of any type":               "NB-O13",
		"orders without a name":            "NB-O13",
		"400 for what is too large":        "NB-O14",
		"orders must be of the type JSON":  "NB-O15",
		"the id of a server has signs":     "NB-O16",

		"a server without a status":                          "NB-Q1",
		"200 for asking for a server":                        "NB-Q2",
		"a server without a name":                            "NB-Q3",
		"a server has its vendor's name":                     "NB-Q4",
		"400 for a server that is not there":                 "NB-Q5",
		"another customer's cancel is answered with success": "NB-Q6",
		"another customer sees servers":                      "NB-Q6",
		"403 for somebody else's server":                     "NB-Q7",
		"a new server is not known yet":                      "NB-Q8",
		"active without an address":                          "NB-Q9",
		"active without an address outside":                  "NB-Q9",
		"a new server is active at once":                     "NB-Q9",
		"servers are never active":                           "NB-Q9",
		"orders come to nothing":                             "NB-Q9",
		"a password beside keys":                             "NB-Q11",

		"no reboot succeeds":           "NB-B1",
		"204 for a reboot":             "NB-B2",
		"a reboot has no body":         "NB-B3",
		"400 for a reboot of nothing":  "NB-B4",
		"a reboot with a name reboots": "NB-B6",
		"no rename succeeds":           "NB-N1",
		"204 for a rename":             "NB-N2",
		"a new name is ignored":        "NB-N3",
		"renames without a name":       "NB-N4",
		"400 for a rename of nothing":  "NB-N5",

		"the first cancel fails":             "NB-D1",
		"204 for a cancel":                   "NB-D2",
		"a second cancel fails":              "NB-D3",
		"cancelled servers stay":             "NB-D4",
		"cancelled servers are active":       "NB-D4",
		"cancels what never was":             "NB-D5",
		"credentials in a body count more":   "NB-D6",
		"credentials in a body are not read": "NB-D7",

		"redirects doubled slashes":             "NB-R1",
		"a slash at the end is another address": "NB-R2",
		"anything is there":                     "NB-R3",
		"405 without the methods":               "NB-R4",
		"a reboot by POST":                      "NB-R4",

		"errors leak internals":          "NB-X1",
		"errors is a text":               "NB-X2",
		"no errors":                      "NB-X2",
		"plain text for what is unknown": "NB-X2",
		"cancels are held open":          "NB-X3",
		"errors repeat the credentials":  "NB-X4",
	},
}

// Whoever adds a check adds the defect that it finds.
func TestEveryCheckIsSeenToFail(t *testing.T) {
	names, err := conformance.Names(nanobox.Platform{})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, list := range defects {
		for _, id := range list {
			found[id] = true
		}
	}
	elsewhere := []string{"NB-M1", "NB-M2", "NB-M3", "NB-G10"} // the last would take two minutes
	for _, name := range names {
		if strings.HasPrefix(name, "NB-") && !found[name] && !slices.Contains(elsewhere, name) {
			t.Errorf("no defect is found by %s", name)
		}
	}
}
