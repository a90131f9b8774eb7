package scalingo_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/gateway/conformance/conformancetest"
	"github.com/addongw/addongw/gateway/conformance/scalingo"
)

func suite(later bool) conformancetest.Suite {
	return conformancetest.Suite{
		Platform: scalingo.Platform{},
		Serve: func(t *testing.T, defect, apiURL string) conformancetest.Provider {
			p, manifest := newProvider(t, defect, apiURL, later)
			return conformancetest.Provider{Manifest: manifest, Alive: p.Alive}
		},
	}
}

func TestEachDefectIsNamedByItsCheckAndNoOther(t *testing.T) {
	t.Parallel()
	s := suite(false)
	s.Skipped = []string{"SC-C1", "SC-C2", "SC-C3", "SC-C4", "SC-C5"}
	s.Defects = map[string]string{
		"no credentials on removals":                "SC-A1",
		"user name not checked":                     "SC-A2",
		"password not checked":                      "SC-A3",
		"any password that begins right":            "SC-A4",
		"credentials that cannot be read":           "SC-A5",
		"the body before the credentials":           "SC-A6",
		"401 without a challenge":                   "SC-A7",
		"a 401 without a sentence":                  "SC-A8",
		"no credentials on suspensions":             "SC-A9",
		"id is a number":                            "SC-P2",
		"a long id":                                 "SC-P3",
		"an id with a slash":                        "SC-P4",
		"203 for an order":                          "SC-P5",
		"JSON under another name":                   "SC-P6",
		"message is an object":                      "SC-P7",
		"doubles on retry":                          "SC-P8",
		"another config on retry":                   "SC-P8",
		"doubles at once":                           "SC-P9",
		"one resource for an app":                   "SC-P10",
		"an order needs a uuid":                     "SC-P11",
		"one resource for an app without uuid":      "SC-P12",
		"an order needs an app":                     "SC-P13",
		"an order without an id":                    "SC-P14",
		"any plan accepted":                         "SC-P15",
		"an order without a plan":                   "SC-P16",
		"null for options refused":                  "SC-P17",
		"a number as an option refused":             "SC-P18",
		"options of any type":                       "SC-P19",
		"a plan's own options refused":              "SC-P20",
		"an earlier manifest's option refused":      "SC-P21",
		"another plan under the same uuid":          "SC-P22",
		"an old uuid used again":                    "SC-P23",
		"half a body breaks an order":               "SC-P24",
		"any type is text":                          "SC-P26",
		"bodies of any length":                      "SC-P27",
		"one content type only":                     "SC-P28",
		"takes forms":                               "SC-P29",
		"fields that nobody documents":              "SC-P30",
		"orders refused without a sentence":         "SC-P31",
		"any id of an order":                        "SC-P33",
		"no address for logs":                       "SC-P34",
		"201 for a plan change":                     "SC-L2",
		"202 for a plan change":                     "SC-L2",
		"204 for a plan change":                     "SC-L2",
		"nothing for a plan change":                 "SC-L2",
		"no PATCH":                                  "SC-L3",
		"plan changes without effect":               "SC-L4",
		"the same plan refused":                     "SC-L6",
		"null for options of a plan change refused": "SC-L7",
		"the new plan's own options refused":        "SC-L8",
		"any plan on a change":                      "SC-L9",
		"a plan change without a plan":              "SC-L10",
		"half a body breaks a plan change":          "SC-L11",
		"changes the plan of what never was":        "SC-L12",
		"changes the plan of what is gone":          "SC-L13",
		"message of a plan change is null":          "SC-L16",
		"no suspensions":                            "SC-U1",
		"202 for a suspension":                      "SC-U2",
		"the second suspension fails":               "SC-U4",
		"what is suspended is lost":                 "SC-U5",
		"what is suspended stays":                   "SC-U6",
		"suspends what never was":                   "SC-U7",
		"suspends what is gone":                     "SC-U8",
		"no sign-on to what is suspended":           "SC-U9",
		"a config var is a number":                  "SC-V1",
		"an undeclared config var":                  "SC-V2",
		"an undeclared config var on plan changes":  "SC-V3",
		"no token needed":                           "SC-S2",
		"the token of another resource":             "SC-S3",
		"the salt first":                            "SC-S4",
		"the time is not covered":                   "SC-S5",
		"five minutes only":                         "SC-S6",
		"sign-ons never expire":                     "SC-S7",
		"sign-ons from the future":                  "SC-S8",
		"milliseconds are always fresh":             "SC-S9",
		"times that are no number":                  "SC-S10",
		"a parameter twice":                         "SC-S11",
		"other parameters refused":                  "SC-S12",
		"sign-on by POST":                           "SC-S13",
		"a link works once":                         "SC-S14",
		"signs on to what is gone":                  "SC-S15",
		"signs on to what never was":                "SC-S16",
		"sign-ons that leak the token":              "SC-S17",
		"200 for a removal":                         "SC-D2",
		"a body behind a 204":                       "SC-D3",
		"reads the body of removals":                "SC-D4",
		"the second removal fails":                  "SC-D5",
		"removes what never was":                    "SC-D7",
		"no orders":                                 "SC-P1",
		"no plan changes":                           "SC-L1",
		"no sign-ons":                               "SC-S1",
		"more behind the object":                    "SC-P25",
		"400 for an unknown plan":                   "SC-P32",
		"plan changes refused without a sentence":   "SC-L14",
		"a suspension with a body refused":          "SC-U3",
		"403 for what is gone":                      "SC-S18",
		"removals refused without a sentence":       "SC-D8",
		"405 without the methods":                   "SC-R2",
		"redirects doubled slashes":                 "SC-R1",
		"errors leak internals":                     "SC-X1",
	}
	conformancetest.Run(t, s)
}

func TestEachDefectOfACompletionIsNamedByItsCheckAndNoOther(t *testing.T) {
	t.Parallel()
	s := suite(true)
	s.Skipped = []string{"SC-P34"}
	s.Defects = map[string]string{
		"completed before the answer":         "SC-C1",
		"the end before the config":           "SC-C3",
		"the end without the config":          "SC-C3",
		"202 for ever":                        "SC-C5",
		"plan changes refused once completed": "SC-L1",
	}
	conformancetest.Run(t, s)
}

// The tester waits for these as long as it is told to.
func TestAnOrderThatIsNeverCompletedIsWaitedForOnce(t *testing.T) {
	t.Parallel()
	s := suite(true)
	s.Skipped = []string{"SC-P34"}
	s.Timeout = 4 * time.Second
	s.Defects = map[string]string{
		"completed with an undeclared config var": "SC-C2",
		"completed with a number":                 "SC-C2",
		"never completed":                         "SC-C4",
	}
	conformancetest.Run(t, s)
}

// check runs some checks; with listen, and a stand-in of Scalingo's own API.
func check(t *testing.T, defect string, later, listen bool, only ...string) *conformance.Report {
	t.Helper()
	var standIn conformance.StandIn
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		standIn.ServeHTTP(w, r) // without one nobody listens
	}))
	t.Cleanup(api.Close)
	_, manifest := newProvider(t, defect, api.URL, later)
	p, problems := scalingo.Platform{}.ReadManifest(manifest, conformance.Reading{Environment: conformance.Test})
	options := conformance.Options{Only: only, Timeout: 3 * time.Second}
	if listen {
		standIn = scalingo.Platform{}.StandIn(p)
		options.StandIn = standIn
	} else {
		api.Close()
	}
	report, err := conformance.Run(t.Context(), scalingo.Platform{}, p, problems, options)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// Without the stand-in nobody knows when a promised resource is there. What a
// provider refuses until then is no mistake; what it should refuse is.
func TestWithoutTheOwnAPIAPromiseExplainsRefusalsOnly(t *testing.T) {
	report := check(t, "plan changes refused once completed", true, false, "completion", "SC-L1", "SC-D1")
	for id, want := range map[string]conformance.Outcome{
		"SC-C1": conformance.Skipped, "SC-C4": conformance.Skipped, "SC-L1": conformance.Blocked, "SC-D1": conformance.OK,
	} {
		for _, r := range report.Results {
			if r.ID == id && (r.Outcome != want || want != conformance.OK && !strings.Contains(r.Why, "--listen")) {
				t.Errorf("%s is %s: %s%q", id, r.Outcome, r.Why, r.Problems)
			}
		}
	}
	if report := check(t, "any plan on a change", true, false, "SC-L9"); report.Results[0].Outcome != conformance.Warned {
		t.Errorf("a change to an unknown plan is %s: %s", report.Results[0].Outcome, report.Results[0].Why)
	}
}

func TestAnOrderThatIsFulfilledAtOnceLeavesNothingToComplete(t *testing.T) {
	for _, listen := range []bool{false, true} {
		for _, r := range check(t, "", false, listen, "completion").Results {
			if r.Outcome != conformance.Skipped || !strings.Contains(r.Why, "answered 201") {
				t.Errorf("%s is %s: %s", r.ID, r.Outcome, r.Why)
			}
		}
	}
}

// A provider that never calls is told so; of another the last call is.
func TestAnOrderThatIsNotCompletedIsToldWithWhatCame(t *testing.T) {
	for defect, want := range map[string]string{
		"never completed":                   "did not come within 3.0 s, nor any other call; is the provider set up to call the address of --listen?",
		"a wrong password for the platform": "did not come within 3.0 s; the last call was PATCH /v1/provider/addons/…/config, answered 401",
	} {
		t.Run(defect, func(t *testing.T) {
			t.Parallel()
			r := check(t, defect, true, true, "SC-C4").Results[0]
			if r.Outcome != conformance.Failed || len(r.Problems) != 1 || !strings.HasSuffix(r.Problems[0], want) {
				t.Errorf("%s %q", r.Outcome, r.Problems)
			}
		})
	}
}

// What is made without an id nobody can remove.
func TestAnOrderThatIsAnsweredWithoutAnIDIsBrokenAndLeft(t *testing.T) {
	report := check(t, "204 for an order", false, false)
	var broken []string
	for _, r := range report.Results {
		if r.Outcome.Broken() {
			broken = append(broken, r.ID)
		}
	}
	if diff := cmp.Diff([]string{"SC-P1"}, broken); diff != "" || len(report.Left) == 0 || !strings.Contains(report.Left[0].Reason, "answered with 204 and no id") {
		t.Errorf("left %+v, broken checks (-want +got):\n%s", report.Left, diff)
	}
}
