package clevercloud_test

import (
	"testing"

	"github.com/addongw/addongw/gateway/conformance/clevercloud"
	"github.com/addongw/addongw/gateway/conformance/conformancetest"
)

func TestEachDefectIsNamedByItsCheckAndNoOther(t *testing.T) {
	conformancetest.Run(t, conformancetest.Suite{
		Platform: clevercloud.Platform{},
		Plans:    []string{"basic", "premium"},
		Serve: func(t *testing.T, defect, apiURL string) conformancetest.Provider {
			p, manifest := newProvider(t, defect, apiURL)
			return conformancetest.Provider{Manifest: manifest, Alive: p.alive}
		},
		Defects: map[string]string{
			"no credentials on removals":                   "CC-A1",
			"user name not checked":                        "CC-A2",
			"password not checked":                         "CC-A3",
			"any password that begins right":               "CC-A4",
			"any prefix of the password":                   "CC-A4",
			"401 without a challenge":                      "CC-A7",
			"id is a number":                               "CC-P3",
			"an id with a colon":                           "CC-P4",
			"201 for an order":                             "CC-P5",
			"message is an object":                         "CC-P7",
			"doubles on retry":                             "CC-P8",
			"another config on retry":                      "CC-P8",
			"doubles at once":                              "CC-P9",
			"any plan accepted":                            "CC-P14",
			"any region accepted":                          "CC-P17",
			"takes forms":                                  "CC-P30",
			"calls the platform while an order is handled": "CC-C1",
			"plan changes without effect":                  "CC-L4",
			"changes the plan of what never was":           "CC-L11",
			"a config var is a number":                     "CC-V1",
			"an undeclared config var":                     "CC-V2",
			"milliseconds only":                            "CC-S2",
			"no signature needed":                          "CC-S4",
			"the signature of another resource":            "CC-S5",
			"the email is not covered":                     "CC-S6",
			"the salt in another place":                    "CC-S7",
			"a token rescues a bad signature":              "CC-S8",
			"sign-ons never expire":                        "CC-S9",
			"milliseconds read as seconds":                 "CC-S10",
			"sign-ons from the future":                     "CC-S11",
			"a field twice":                                "CC-S12",
			"a colon in a field":                           "CC-S13",
			"sign-on by GET":                               "CC-S15",
			"signs on to what is gone":                     "CC-S16",
			"signs on to what never was":                   "CC-S17",
			"204 for a removal":                            "CC-D2",
			"the second removal fails":                     "CC-D3",
			"removes what never was":                       "CC-D4",
			"reads the body of removals":                   "CC-D5",
			"redirects doubled slashes":                    "CC-R1",
			"errors leak internals":                        "CC-X1",
		},
	})
}
