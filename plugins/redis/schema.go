package redis

import (
	"context"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/attribute"
	"github.com/zclconf/go-cty/cty"
)

// passwordLength is how many characters the gateway generates.
const passwordLength = 32

// Describe implements [backend.Backend]. The plan params and outputs are those
// of the dedicated mode; ValidateConfig returns those of the configured one.
func (b *Backend) Describe(context.Context, backend.DescribeRequest) (backend.Description, error) {
	return backend.Description{
		Name:    "redis",
		Version: "1.0.0",
		Doc:     "Makes a Redis server for each resource, or a user with a key prefix on a shared one.",
		Capabilities: []backend.Capability{
			backend.CanChangePlan, backend.CanSuspend, backend.CanRotate, backend.CanRead,
		},
		Config:  backend.Schema{Attributes: configAttributes()},
		Plan:    planSchema(modeDedicated),
		Outputs: outputSchema(modeDedicated),
	}, nil
}

func configAttributes() []backend.Attribute {
	return []backend.Attribute{
		{
			Name: "mode", Type: cty.String, Default: cty.StringVal(modeDedicated),
			Doc: `"dedicated" runs a Redis server for each resource; "shared" makes a user with a key prefix on a server that is there.`,
		},
		{Name: "host", Type: cty.String, Doc: "Host name that customers are given. Shared mode: by default the one in url."},

		{Name: "directory", Type: cty.String, FilePath: true, Doc: "Dedicated mode: folder of the servers' data and of the runner that keeps them alive. It belongs to this backend block alone."},
		{Name: "port_range", Type: cty.String, Doc: `Dedicated mode: ports that servers get, such as "7000-7999".`},
		{Name: "bind", Type: cty.List(cty.String), Doc: `Dedicated mode: addresses of this machine that servers listen on, such as ["0.0.0.0"]. By default 127.0.0.1 where host is this machine itself; else it must be written.`},
		{Name: "user", Type: cty.String, Doc: `Dedicated mode: system user that servers run as, where the gateway is root. Default: "redis".`},
		{Name: "redis_server", Type: cty.String, FilePath: true, Doc: "Dedicated mode: the program. By default redis-server from PATH."},
		{Name: "tls_cert_file", Type: cty.String, FilePath: true, Doc: "Dedicated mode: certificate, with its chain, as PEM. Customers then connect by TLS only."},
		{Name: "tls_key_file", Type: cty.String, FilePath: true, Doc: "Dedicated mode: private key of tls_cert_file, readable for user."},
		{Name: "runner", Type: cty.String, Doc: `Dedicated mode: "own", the default, lets the backend start the runner; "service" leaves that to a service manager.`},
		{Name: "cgroup", Type: cty.String, Doc: `Dedicated mode: limits the memory of each server in the kernel too. "auto", the default, where this machine lets us, "required" refuses to work without, "off" does not try.`},
		{Name: "archive", Type: cty.String, FilePath: true, Doc: "Dedicated mode: folder that a resource's data is archived in, as a tar.gz, before it is deleted. Absent: no archive."},

		{Name: "url", Type: cty.String, Sensitive: true, Doc: "Shared mode: URL of the server with an administrator's login, such as redis://admin:PASSWORD@redis.internal:6379."},
		{Name: "port", Type: cty.Number, Doc: "Shared mode: port that customers are given; by default the one in url."},
		{Name: "max_users", Type: cty.Number, Doc: "Shared mode: how many resources the server takes. Default: 2000."},

		attribute.DropPolicyAttribute(),
	}
}

// planSchema is a plan's params. In shared mode none means anything: they are
// there to be refused with a reason.
func planSchema(mode string) backend.Schema {
	required := mode == modeDedicated
	return backend.Schema{Attributes: []backend.Attribute{
		{Name: "memory_mb", Type: cty.Number, Required: required, Doc: "Memory for data, in MB of 1,048,576 bytes. Dedicated mode only."},
		{Name: "max_clients", Type: cty.Number, Required: required, Doc: "Connections at once. Dedicated mode only."},
		{Name: "maxmemory_policy", Type: cty.String, Doc: `What a full server does, such as "allkeys-lru" for a cache. Default: "noeviction", which refuses writes. Dedicated mode only.`},
	}}
}

// outputSchema has no used_mb in shared mode: Redis keeps no account by user,
// and to find a customer's keys means to walk through everybody's.
func outputSchema(mode string) backend.Schema {
	attributes := []backend.Attribute{
		{Name: "host", Type: cty.String, Required: true, Doc: "Host name of the server."},
		{Name: "port", Type: cty.Number, Required: true, Doc: "Port of the server."},
		{Name: "username", Type: cty.String, Required: true, Doc: "User that the customer logs in as. A rotation changes it."},
		{Name: "password", Type: cty.String, Doc: "Password of username.", Sensitive: true, Generated: passwordLength},
		{Name: "prefix", Type: cty.String, Required: true, Doc: "What the customer's keys and channels must begin with; empty on a server of his own."},
	}
	if mode != modeShared {
		attributes = append(attributes, backend.Attribute{
			Name: "used_mb", Type: cty.Number, Measured: true,
			Doc: "Memory in use, in MB of 1,048,576 bytes, rounded up. An empty server has about 1.",
		})
	}
	return backend.Schema{Attributes: attributes}
}
