package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/lifecycle"
)

func listResources(t *testing.T, f *fixture) {
	for i := range 6 {
		f.resource(t, fmt.Sprint(i), func(r *lifecycle.ResourceRecord) {
			r.Platform = []string{"moon", "mars"}[i%2]
			r.State = []gateway.State{gateway.Active, gateway.Failed, gateway.Deprovisioned}[i%3]
			r.Addon = []string{"acme-db", "acme-cache"}[i/3]
			r.Plan = fmt.Sprint("plan", i)
			r.Region = fmt.Sprint("region", i)
			r.Kind = gateway.ResourceKinds()[i/2]
		})
	}
	cases := map[string]struct {
		filter gateway.ResourceFilter
		want   []string
	}{
		"everything":    {gateway.ResourceFilter{}, []string{"res_5", "res_4", "res_3", "res_2", "res_1", "res_0"}},
		"platform":      {gateway.ResourceFilter{Platform: "mars"}, []string{"res_5", "res_3", "res_1"}},
		"add-on":        {gateway.ResourceFilter{Addon: "acme-db"}, []string{"res_2", "res_1", "res_0"}},
		"state":         {gateway.ResourceFilter{State: gateway.Failed}, []string{"res_4", "res_1"}},
		"plan":          {gateway.ResourceFilter{Plan: "plan3"}, []string{"res_3"}},
		"kind":          {gateway.ResourceFilter{Kind: gateway.KindServer}, []string{"res_3", "res_2"}},
		"region":        {gateway.ResourceFilter{Region: "region2"}, []string{"res_2"}},
		"several":       {gateway.ResourceFilter{Platform: "moon", Addon: "acme-db", State: gateway.Active}, []string{"res_0"}},
		"first page":    {gateway.ResourceFilter{Limit: 2}, []string{"res_5", "res_4"}},
		"next page":     {gateway.ResourceFilter{Limit: 2, After: "res_4"}, []string{"res_3", "res_2"}},
		"nothing":       {gateway.ResourceFilter{Plan: "x"}, nil},
		"past the last": {gateway.ResourceFilter{After: "res_0"}, nil},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			found, err := f.Resources(t.Context(), tc.filter)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range found {
				got = append(got, r.ID)
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func findResource(t *testing.T, f *fixture) {
	f.resource(t, "abc1")
	f.resource(t, "abc2", func(r *lifecycle.ResourceRecord) { r.ExternalID = "ext" })
	f.resource(t, "dead", func(r *lifecycle.ResourceRecord) { r.ExternalID, r.State = "ext", gateway.Deprovisioned })
	f.resource(t, "xyz", func(r *lifecycle.ResourceRecord) { r.ExternalID, r.Platform = "res_abc1", "mars" })
	f.resource(t, "one", func(r *lifecycle.ResourceRecord) { r.ExternalID, r.State = "gone-7", gateway.Deprovisioned })
	cases := map[string]struct {
		id, want string
		kind     gateway.Kind
	}{
		"its id":                        {"res_abc2", "res_abc2", ""},
		"its short id":                  {"shortabc1", "res_abc1", ""},
		"the id the platform was given": {"prov-abc1", "res_abc1", ""},
		"the platform's id":             {"ext-abc1", "res_abc1", ""},
		"the platform's id, living beside a dead": {"ext", "res_abc2", ""},
		"the id of a tombstone":                   {"res_dead", "res_dead", ""},
		"the platform's id of a tombstone":        {"gone-7", "res_one", ""},
		"the beginning of an id":                  {"res_x", "res_xyz", ""},
		"the beginning of a short id":             {"shortx", "res_xyz", ""},
		"the beginning of the platform's id":      {"gone", "res_one", ""},
		"an id that is two resources'":            {"res_abc1", "", gateway.Conflict},
		"a beginning of several":                  {"res_abc", "", gateway.Conflict},
		"a pattern is not a beginning":            {"res_%", "", gateway.NotFound},
		"an unknown id":                           {"nobody", "", gateway.NotFound},
		"nothing":                                 {"", "", gateway.NotFound},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := f.FindResource(t.Context(), tc.id)
			if tc.kind != "" {
				if err == nil || gateway.KindOf(err) != tc.kind {
					t.Errorf("found %q, %v; want kind %s", got.ID, err, tc.kind)
				}
			} else if err != nil || got.ID != tc.want {
				t.Errorf("found %q, %v; want %s", got.ID, err, tc.want)
			}
		})
	}
}

func listOperations(t *testing.T, f *fixture) {
	one, two := f.resource(t, "1"), f.resource(t, "2")
	f.operation(t, one, "a1", running("node_a"))
	f.operation(t, one, "a2")
	waits := f.operation(t, two, "b1")
	waits.WaitingFor, waits.RunAt = "credentials", time.Time{}
	f.update(t, func(tx lifecycle.Tx) error { return tx.UpdatePending(waits) })
	list := func(want gateway.OperationFilter) (ids []string) {
		t.Helper()
		found, err := f.Operations(t.Context(), want)
		if err != nil {
			t.Fatal(err)
		}
		for _, op := range found {
			ids = append(ids, op.ID)
		}
		return ids
	}
	for name, tc := range map[string]struct {
		filter gateway.OperationFilter
		want   []string
	}{
		"all":      {gateway.OperationFilter{}, []string{"op_b1", "op_a2", "op_a1"}},
		"resource": {gateway.OperationFilter{ResourceID: one.ID}, []string{"op_a2", "op_a1"}},
		"state":    {gateway.OperationFilter{State: gateway.OperationPending}, []string{"op_b1", "op_a2"}},
		"waiting":  {gateway.OperationFilter{Waiting: true}, []string{"op_b1"}},
		"page":     {gateway.OperationFilter{After: "op_b1", Limit: 1}, []string{"op_a2"}},
	} {
		if diff := cmp.Diff(tc.want, list(tc.filter)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if op, err := f.FindOperation(t.Context(), "op_b"); err != nil || op.ID != "op_b1" || op.ResourceID != two.ID {
		t.Errorf("found %q, %v; want op_b1", op.ID, err)
	}
	if _, err := f.FindOperation(t.Context(), "op_a"); gateway.KindOf(err) != gateway.Conflict {
		t.Errorf("a beginning of two: %v, want conflict", err)
	}
	if _, err := f.FindOperation(t.Context(), "op_c"); gateway.KindOf(err) != gateway.NotFound {
		t.Errorf("an unknown id: %v, want not found", err)
	}
}
