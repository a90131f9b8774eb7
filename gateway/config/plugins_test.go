package config_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/platform/all"
	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/postgres"
	"github.com/addongw/addongw/plugins/redis"
	"github.com/addongw/addongw/plugins/shell"
)

// inProcess answers for real plugins without a process of theirs: what a
// configuration asks of a plugin is pure.
type inProcess map[string]backend.Backend

func realPlugins() inProcess {
	return inProcess{"postgres": postgres.New(), "redis": redis.New(), "shell": shell.New()}
}

func (p inProcess) find(name string) (backend.Backend, error) {
	if b, ok := p[name]; ok {
		return b, nil
	}
	return nil, &config.PluginError{Missing: true, Searched: []string{"/usr/lib/addongw"}, Installed: []string{"postgres", "shell"}}
}

func (p inProcess) Describe(ctx context.Context, plugin config.Plugin) (backend.Description, error) {
	b, err := p.find(plugin.Name)
	if err != nil {
		return backend.Description{}, err
	}
	return b.Describe(ctx, backend.DescribeRequest{})
}

func (p inProcess) ValidateConfig(ctx context.Context, plugin config.Plugin, value backend.Value) (backend.ValidateConfigResponse, error) {
	b, err := p.find(plugin.Name)
	if err != nil {
		return backend.ValidateConfigResponse{}, err
	}
	return b.ValidateConfig(ctx, backend.ValidateConfigRequest{Config: value})
}

func (p inProcess) ValidatePlan(ctx context.Context, plugin config.Plugin, value backend.Value, plan backend.Plan) (backend.ValidatePlanResponse, error) {
	b, err := p.find(plugin.Name)
	if err != nil {
		return backend.ValidatePlanResponse{}, err
	}
	return b.ValidatePlan(ctx, backend.ValidatePlanRequest{Config: value, Plan: plan})
}

func TestAMistakeInAConfigBlockBringsNoOthers(t *testing.T) {
	for name, c := range map[string]struct{ config, says string }{
		"a setting misspelt":          {`mode = "shared"` + "\n" + `ulr = "redis://a:b@c"`, `"ulr" is no setting of a redis config`},
		"a setting of the wrong type": {`mode = "shared"` + "\n" + `url = "redis://a:b@c"` + "\n" + `max_users = "many"`, "max_users"},
		"a mode that is none":         {`mode = "sharde"` + "\n" + `url = "redis://a:b@c"`, `redis: mode cannot be "sharde"`},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			text := completed("backend \"redis\" \"main\" {\n  config {\n"+c.config+"\n  }\n}\n") + "\n" + completed(usual["gateway"]) + `
addon "acme-redis" {
  backend = backend.redis.main
  region "eu" {}
  plan "free" {}
  config_vars = { ACME_REDIS_URL = "${output.host}/${output.prefix}" }
  platform "clevercloud" {
    password = "0123456789abcdef0123456789abcdef01234"
    sso_salt = "0123456789abcdef0123456789abcdef01235"
  }
}
`
			if err := os.WriteFile(filepath.Join(dir, "addongw.hcl"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, _, diags := config.Load(t.Context(), config.Options{
				Dir: dir, Version: "0.1.0", Dialects: all.Dialects(), Providers: all.Providers(), Plugins: answering(realPlugins()),
			})
			var errs []string
			for _, d := range diags {
				if d.Severity == hcl.DiagError {
					errs = append(errs, d.Summary)
				}
			}
			if len(errs) != 1 || !strings.Contains(errs[0], c.says) {
				t.Errorf("got %q, want one error with %q", errs, c.says)
			}
		})
	}
}
