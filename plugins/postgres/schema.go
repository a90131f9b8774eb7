package postgres

import (
	"context"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/attribute"
	"github.com/zclconf/go-cty/cty"
)

// passwordLength is how many characters the gateway generates.
const passwordLength = 32

// Describe implements [backend.Backend].
func (b *Backend) Describe(context.Context, backend.DescribeRequest) (backend.Description, error) {
	return backend.Description{
		Name:         "postgres",
		Version:      "1.0.0",
		Doc:          "Makes a database with a login of its own on a PostgreSQL server.",
		Capabilities: []backend.Capability{backend.CanChangePlan, backend.CanSuspend, backend.CanRotate, backend.CanRead},
		Config:       backend.Schema{Attributes: configAttributes()},
		Plan:         backend.Schema{Attributes: planAttributes()},
		Outputs:      backend.Schema{Attributes: outputAttributes()},
		StateVersion: 1,
	}, nil
}

func configAttributes() []backend.Attribute {
	return []backend.Attribute{
		{
			Name: "admin_url", Type: cty.String, Required: true, Sensitive: true,
			Doc: "URL of the server for the provisioner's role, with a database that it may connect to, such as postgres://provisioner:PASSWORD@db.example.com:5432/postgres?sslmode=verify-full.",
		},
		{
			Name: "database", Type: cty.String, Live: true, ForceNew: true,
			Doc: `Name of a resource's database; by default "db_" and the resource's short_id.`,
		},
		{
			Name: "role", Type: cty.String, Live: true, ForceNew: true,
			Doc: `What the names of a resource's roles begin with; by default "u_" and the resource's short_id.`,
		},
		{
			Name: "host", Type: cty.String,
			Doc: "Host name that customers are given; by default the one in admin_url.",
		},
		{
			Name: "port", Type: cty.Number,
			Doc: "Port that customers are given; by default the one in admin_url.",
		},
		{
			Name: "extensions", Type: cty.List(cty.String),
			Doc: `Extensions that every new database gets, such as ["pgcrypto", "citext"]: trusted ones of PostgreSQL's own distribution. Customers may add others of those themselves. Absent: none.`,
		},
		attribute.DropPolicyAttribute(),
	}
}

func planAttributes() []backend.Attribute {
	return []backend.Attribute{
		{
			Name: "connection_limit", Type: cty.Number, Required: true,
			Doc: "How many connections the customer may hold at once.",
		},
		{
			Name: "statement_timeout", Type: cty.String,
			Doc: `How long a statement may run, such as "30s". It is a default: a customer can lift it. Absent: the server's own.`,
		},
		{
			Name: "temp_file_limit_mb", Type: cty.Number,
			Doc: "Disk space in MB that the temporary files of one connection may use. Absent: the server's own limit.",
		},
	}
}

func outputAttributes() []backend.Attribute {
	return []backend.Attribute{
		{Name: "username", Type: cty.String, Doc: "Role that the customer logs in as."},
		{Name: "password", Type: cty.String, Doc: "Password of username.", Sensitive: true, Generated: passwordLength},
		{Name: "host", Type: cty.String, Doc: "Host name of the server."},
		{Name: "port", Type: cty.Number, Doc: "Port of the server."},
		{Name: "database", Type: cty.String, Doc: "Name of the database."},
		{
			Name: "storage_mb", Type: cty.Number, Measured: true,
			Doc: "Size of the database in MB of 1,048,576 bytes, as PostgreSQL counts, rounded up. An empty one has about 8.",
		},
		{Name: "connections", Type: cty.Number, Measured: true, Doc: "Sessions that the customer has open."},
	}
}
