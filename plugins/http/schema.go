package http

import (
	"net/http"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/declared"
)

// yield is what the outputs of a block are.
type yield int

const (
	yieldNone yield = iota // it has none
	yieldAll               // every output that is declared
	yieldSome              // those that it changes; the others stay
	yieldFree              // any object: of an action
)

// blockKind is a kind of block that describes a request.
type blockKind struct {
	name   string
	method string // unless told
	yield  yield
	own    []string // roots beside operation and response
	pure   bool     // it must not change anything
	brief  bool     // it is answered at once: no poll
	doc    string
}

const (
	blockFind   = "find"
	blockHealth = "health"
	blockAction = "action"
)

// kinds lists the blocks that describe requests.
func kinds() []blockKind {
	return []blockKind{
		{name: string(backend.VerbProvision), method: http.MethodPost, yield: yieldAll,
			doc: "Makes a resource, or finds it made."},
		{name: string(backend.VerbChangePlan), method: http.MethodPatch, yield: yieldSome, own: []string{"old_plan"},
			doc: "Gives a resource another plan. Without this block plans cannot be changed."},
		{name: string(backend.VerbDeprovision), method: http.MethodDelete,
			doc: "Removes a resource. That there is none is success."},
		{name: string(backend.VerbSuspend), method: http.MethodPost,
			doc: "Takes a resource out of its customer's hands. Without this block the gateway only records it."},
		{name: string(backend.VerbResume), method: http.MethodPost,
			doc: "Gives a resource back."},
		{name: blockRotate, method: http.MethodPost, yield: yieldSome,
			doc: "Makes new credentials that work beside the current ones. Without this block credentials cannot be rotated."},
		{name: blockRotateCommit, method: http.MethodPost, own: []string{"old_output"},
			doc: "Ends the credentials from before. Without this block nothing is sent."},
		{name: blockRotateAbort, method: http.MethodPost, own: []string{"new_output"},
			doc: "Ends the new credentials, and keeps those from before. Without this block nothing is sent."},
		{name: string(backend.VerbRead), method: http.MethodGet, yield: yieldSome, pure: true, brief: true,
			doc: "Looks at a resource. Measured outputs need it."},
		{name: blockFind, method: http.MethodGet, yield: yieldSome, own: []string{"credential"}, pure: true, brief: true,
			doc: "Looks for a resource whose outputs nobody knows, because the answer to its order was lost. Outputs that are null mean that there is none."},
		{name: blockAction, method: http.MethodPost, yield: yieldFree, own: []string{"args", "credential"},
			doc: "A call by name for what is no verb, such as those of a provider of servers."},
	}
}

// findOf is the block find inside of another one.
func findOf(k blockKind) blockKind {
	return blockKind{name: blockFind, method: http.MethodGet, yield: yieldFree, own: k.own, pure: true, brief: true}
}

func configSchema() backend.Schema {
	schema := backend.Schema{
		Attributes: []backend.Attribute{
			{Name: "base_url", Type: cty.String, Required: true, Doc: `What every path is appended to, such as "https://api.example.com/v2".`},
			{Name: "headers", Type: cty.Map(cty.String), Sensitive: true, Doc: "Headers of every request, such as Authorization."},
			{Name: "timeout", Type: cty.String, Doc: `How long one request may take, until its answer has arrived. Default "10s".`},
			{Name: "max_response", Type: cty.Number, Doc: "How many bytes an answer may have. Default 1048576."},
			{Name: "idempotency_header", Type: cty.String, Doc: `Header that holds the operation's id, in every request that may change something, so that the API recognises a repeat. Default "Idempotency-Key"; "" sends none.`},
			{Name: "rate_limit", Type: cty.Number, Doc: "How many requests a second are sent at most. Default: any number."},
			{Name: "settle", Type: cty.String, Doc: `How long an order without an answer may still be carried out: as long a removal that finds nothing looks again. Default "30s".`},
			{Name: "redirects", Type: cty.Bool, Doc: "Whether GET follows redirects, on the same server. Default false."},
			{Name: "private_addresses", Type: cty.Bool, Doc: "Whether the API may be at a private address or on this machine. Default false."},
			{Name: "plain_http", Type: cty.Bool, Doc: "Whether base_url may begin with http:// although it leads to another machine. Default false."},
		},
		Blocks: []backend.Block{
			{Name: "tls", Max: 1, Doc: "How the API's server is recognised, and how it recognises us.", Body: tlsSchema()},
			{Name: "oauth2", Max: 1, Doc: "Access tokens by OAuth2 client credentials (RFC 6749, section 4.4).", Body: oauthSchema()},
			{Name: blockHealth, Max: 1, Doc: "How the gateway asks whether the API works. Without this block nobody asks.", Body: healthSchema()},
			declared.Block("A value that the API returns, for config vars and other templates.", "the API"),
		},
	}
	for _, k := range kinds() {
		b := backend.Block{Name: k.name, Max: 1, Doc: k.doc, Body: requestSchema(k)}
		if k.name == blockAction {
			b.Max, b.Labels = 0, []string{"name"}
		}
		schema.Blocks = append(schema.Blocks, b)
	}
	return schema
}

func tlsSchema() backend.Schema {
	return backend.Schema{Attributes: []backend.Attribute{
		{Name: "ca_file", Type: cty.String, FilePath: true, Doc: "PEM file of the authorities that are trusted, instead of the system's."},
		{Name: "cert_file", Type: cty.String, FilePath: true, Doc: "PEM file of our certificate, for servers that want one."},
		{Name: "key_file", Type: cty.String, FilePath: true, Doc: "PEM file of its private key."},
		{Name: "key", Type: cty.String, Sensitive: true, Doc: "The private key itself, as PEM, where it is no file."},
		{Name: "server_name", Type: cty.String, Doc: "The name in the server's certificate, where it is not that of base_url."},
		{Name: "min_version", Type: cty.String, Doc: `"1.2" or "1.3". Default "1.2".`},
	}}
}

func oauthSchema() backend.Schema {
	return backend.Schema{Attributes: []backend.Attribute{
		{Name: "token_url", Type: cty.String, Required: true, Doc: "Where tokens come from."},
		{Name: "client_id", Type: cty.String, Required: true, Doc: "Our name there."},
		{Name: "client_secret", Type: cty.String, Required: true, Sensitive: true, Doc: "Our password there."},
		{Name: "scopes", Type: cty.List(cty.String), Doc: "What the token is for."},
		{Name: "params", Type: cty.Map(cty.String), Doc: "Further parameters of the request, such as audience."},
		{Name: "credentials_in", Type: cty.String, Doc: `Where name and password are sent: "header" or "body". Default "header".`},
	}}
}

func healthSchema() backend.Schema {
	return backend.Schema{Attributes: []backend.Attribute{
		{Name: "path", Type: cty.String, Required: true, Doc: "What is asked for with GET, appended to base_url. No expressions: there is no resource."},
		{Name: "expect", Type: cty.List(cty.Number), Doc: "Statuses of an API that works. Default: 200 to 299."},
	}}
}

// requestSchema describes the body of a block. Everything in it that makes or
// reads messages is an expression.
func requestSchema(k blockKind) backend.Schema {
	own := append([]string{"operation"}, k.own...)
	answered := append([]string{"response"}, own...)
	sent := func(name string, t cty.Type, doc string) backend.Attribute {
		secret := name != "path" && name != "query"
		return backend.Attribute{Name: name, Type: t, Required: name == "path", Sensitive: secret, Expression: true, Own: own, Doc: doc}
	}
	read := func(name string, t cty.Type, doc string) backend.Attribute {
		return backend.Attribute{Name: name, Type: t, Sensitive: name == "outputs", Expression: true, Own: answered, Doc: doc}
	}
	s := backend.Schema{Attributes: []backend.Attribute{
		{Name: "method", Type: cty.String, Doc: "Default " + k.method + "."},
		sent("path", cty.String, "What is appended to base_url, a text in quotes that begins with /. What stands in ${…} becomes a piece of one segment."),
		sent("query", cty.Map(cty.String), "Parameters after the ?. Those that are null are left out. Never a secret."),
		sent("headers", cty.Map(cty.String), "Headers beside those of every request, which they replace. Those that are null are left out."),
		{Name: "expect", Type: cty.List(cty.Number), Doc: "Statuses of answers that count as success. Default: 200 to 299."},
		{Name: "errors", Type: cty.Map(cty.String), Doc: `What other statuses mean, such as { "409" = "conflict", "4xx" = "invalid" }.`},
		{Name: "timeout", Type: cty.String, Doc: "Default: that of all requests."},
		read("message", cty.String, "A sentence for operators, from an answer that is no success."),
	}}
	if !k.pure {
		s.Attributes = append(s.Attributes,
			sent("body", cty.DynamicPseudoType, "What is sent as JSON."),
			sent("form", cty.Map(cty.String), "What is sent as a form instead. Fields that are null are left out."),
			read("customer", cty.String, "A sentence that the customer may read, from an answer that is no success."))
	}
	if k.yield != yieldNone {
		s.Attributes = append(s.Attributes, read("outputs", cty.DynamicPseudoType, "An object of outputs, from the answer. Of a poll it is the last one."))
	}
	if k.name == blockAction {
		s.Blocks = append(s.Blocks, backend.Block{Name: blockFind, Max: 1, Body: requestSchema(findOf(k)),
			Doc: "Looks for what this action is about, instead of the block find for all."})
	}
	if !k.brief {
		s.Blocks = append(s.Blocks, backend.Block{Name: "poll", Max: 1, Body: pollSchema(own, answered),
			Doc: "Work goes on after the answer: asks until it is done, beginning at the address in the header Location, unless told."})
	}
	return s
}

func pollSchema(own, answered []string) backend.Schema {
	expression := func(name string, t cty.Type, doc string) backend.Attribute {
		return backend.Attribute{Name: name, Type: t, Expression: true, Own: answered, Doc: doc}
	}
	return backend.Schema{Attributes: []backend.Attribute{
		expression("path", cty.String, "What is asked, appended to base_url as the path of the request is. Here response is the first answer."),
		expression("url", cty.String, "What is asked instead, where the first answer names it: an address on the same server. A text that begins with / is appended to base_url."),
		{Name: "interval", Type: cty.String, Doc: `How long to wait between two questions, unless Retry-After says it. Default "2s".`},
		expression("done", cty.Bool, "Whether the work is done, by each answer. Default: the status is no longer 202."),
		expression("failed", cty.Bool, "Whether the work has failed."),
		{Name: "class", Type: cty.String, Doc: `What such a failure is. Default "internal".`},
		expression("result", cty.String, "What is fetched at the end; the outputs are in it. An address that the last answer names is on the same server; a text that begins with / is appended to base_url."),
	}}
}
