package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/plugins/backend"
)

const logDrain = `log_drain_url = "https://logs:${urlencode(output.password)}@${output.host}/in/${resource.short_id}"`

// soldResource is one of the add-on that sold loads.
func soldResource() gateway.Resource {
	r := resource()
	r.Addon, r.Plan, r.Region, r.Backend = "acme-db", "free", "eu", "postgres.main"
	return r
}

func TestALogDrainIsRenderedForEachResource(t *testing.T) {
	rendered, err := sold(t, logDrain).Render(soldResource(), backend.VerbProvision, outputs())
	if want := "https://logs:p%40ss%2Fword@db/in/" + soldResource().ShortID; err != nil || rendered.LogDrainURL != want {
		t.Errorf("the log drain is %q, want %q, %v", rendered.LogDrainURL, want, err)
	}
	rendered, err = sold(t, "").Render(soldResource(), backend.VerbProvision, outputs())
	if err != nil || rendered.LogDrainURL != "" {
		t.Errorf("without a setting the log drain is %q, %v", rendered.LogDrainURL, err)
	}
}

func TestALogDrainThatTurnsOutToBeNoURLIsAFaultWithoutItsText(t *testing.T) {
	for name, settings := range map[string]string{
		"another scheme": `log_drain_url = output.username`,
		"a space":        `log_drain_url = "https://db/${output.password}"`,
	} {
		bad := backend.NewValue(cty.ObjectVal(map[string]cty.Value{
			"username": cty.StringVal("tcp://canary/in"), "password": cty.StringVal("canary word"), "host": cty.StringVal("db"),
			"port": cty.NumberIntVal(1), "database": cty.StringVal("d"),
		}))
		_, err := sold(t, settings).Render(soldResource(), backend.VerbProvision, bad)
		if gateway.KindOf(err) != gateway.Internal || !strings.Contains(err.Error(), "log_drain_url of acme-db on clevercloud") || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestADialectIsToldOfALogDrainAndOfThePlansOptions(t *testing.T) {
	for settings, want := range map[string]bool{"": false, "log_drain = false": false, logDrain: true, "log_drain = true\n" + logDrain: true} {
		c := common(t, settings)
		if c.LogDrain != want {
			t.Errorf("%q: the dialect is told %t", settings, c.LogDrain)
		}
		if diff := cmp.Diff(map[string]string{"node": "small", "disks": "2"}, c.Plans[0].Options); diff != "" {
			t.Errorf("options (-want +got)\n%s", diff)
		}
	}
}
