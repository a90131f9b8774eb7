package http

import (
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
)

// judged is what is said of a config block while files are checked: secrets and
// roots are unknown.
func judged(t *testing.T, text string) backend.ValidateConfigResponse {
	t.Helper()
	config := decoded(t, text)
	unknown, err := cty.Transform(config, func(path cty.Path, v cty.Value) (cty.Value, error) {
		if v.Type() == cty.String && isSensitive(v) {
			return cty.UnknownVal(cty.String).Mark(backend.Sensitive), nil
		}
		return v, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := New().ValidateConfig(t.Context(), backend.ValidateConfigRequest{Config: backend.NewValue(ship(unknown, unknownRoots()))})
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Check(); err != nil {
		t.Errorf("the answer is not well formed: %v", err)
	}
	return resp
}

const far = `
base_url = "https://api.mailwind.example/v2"
headers  = { Authorization = "Bearer ${secret("token")}" }
`

const least = `
provision {
  path = "/accounts/${resource.id}"
}
deprovision {
  path = "/accounts/${resource.id}"
}
`

const aFind = "find {\n path = \"/accounts\"\n}\n"

func TestMistakesAreFoundWhenFilesAreChecked(t *testing.T) {
	t.Parallel()
	out := "output \"id\" {\n type = string\n}\n"
	for name, c := range map[string]struct {
		text string
		want []string // each a line "severity path: words"
	}{
		"nothing wrong":                {far + least, nil},
		"nothing wrong, everything":    {strings.Replace(mailwindAt("https://api.example.com", verbs+find), "private_addresses = true", "", 1), nil},
		"no address":                   {`base_url = "api.example.com"` + least, []string{"error base_url: base_url can't be used: it must begin with https://"}},
		"no host":                      {`base_url = "https:///v2"` + least, []string{"error base_url: base_url can't be used"}},
		"plain http":                   {`base_url = "http://api.example.com"` + least, []string{"error base_url: base_url can't be used: it must begin with https://: everybody on the way could read credentials; plain_http = true"}},
		"plain http, allowed":          {"base_url = \"http://api.example.com\"\nplain_http = true" + least, nil},
		"a private address":            {`base_url = "https://10.0.0.1/v2"` + least, []string{"error base_url: base_url can't be used: it is a private address; private_addresses = true"}},
		"this machine":                 {`base_url = "http://localhost:8080"` + least, []string{"error base_url: base_url can't be used: it is a private address"}},
		"this machine, allowed":        {"base_url = \"http://localhost:8080\"\nprivate_addresses = true" + least, nil},
		"a password in the address":    {`base_url = "https://me:hunter2222@api.example.com"` + least, []string{"error base_url: base_url can't be used: it must not hold a user or a password"}},
		"parameters in the address":    {`base_url = "https://api.example.com?key=hunter2222"` + least, []string{"error base_url: base_url can't be used: it must end before any ? or #"}},
		"dots in the address":          {`base_url = "https://api.example.com/a/../b"` + least, []string{"error base_url: base_url can't be used: its path must not have . or .."}},
		"a header twice":               {"base_url = \"https://a.example\"\nheaders = { x-a = \"1\", X-A = \"2\" }" + least, []string{"error headers[x-a]: The header x-a is there twice, the other one as X-A"}},
		"a header of the request":      {"base_url = \"https://a.example\"\nheaders = { Host = \"b\" }" + least, []string{`error headers[Host]: "Host" is a header that follows from the request`}},
		"no header":                    {"base_url = \"https://a.example\"\nheaders = { \"X A\" = \"b\" }" + least, []string{`error headers[X A]: "X A" is no name for a header`}},
		"no idempotency header":        {far + "idempotency_header = \"a b\"" + least, []string{`error idempotency_header: "a b" is no name for a header`}},
		"a header and a key":           {far + "idempotency_header = \"authorization\"" + least, []string{"error headers[Authorization]: The header Authorization holds the operation's id"}},
		"a token and a key":            {strings.Split(far, "headers")[0] + "idempotency_header = \"authorization\"" + least + "oauth2 {\n token_url = \"https://a.example\"\n client_id = \"a\"\n client_secret = secret(\"b\")\n}\n", []string{"error idempotency_header: With oauth2 the header Authorization holds the token"}},
		"a key of a block's own":       {far + least + "change_plan {\n path = \"/a\"\n headers = { idempotency-key = resource.id }\n}\n", []string{"error change_plan.headers[idempotency-key]: The header idempotency-key holds the operation's id"}},
		"rotation without keys":        {far + "idempotency_header = \"\"\n" + aFind + out + strings.Replace(least, "\n}\ndeprov", "\n outputs = { id = response.body.id }\n}\ndeprov", 1) + "rotate {\n path = \"/a\"\n outputs = { id = response.body.id }\n}\n", []string{"warning rotate: Where the answer to a rotation is lost, a key stays at the API"}},
		"orders without keys":          {far + "idempotency_header = \"\"" + least, []string{"warning provision: Where the answer to an order is lost, it is not sent again, and an operator has to look"}},
		"orders by PUT, without keys":  {far + "idempotency_header = \"\"" + strings.Replace(least, "provision {", "provision {\n method = \"PUT\"", 1), nil},
		"orders that are there, too":   {far + "idempotency_header = \"\"" + strings.Replace(least, "provision {", "provision {\n expect = [201, 409]", 1), nil},
		"orders that can be found":     {far + "idempotency_header = \"\"" + least + "find {\n path = \"/a/${resource.id}\"\n}\n", nil},
		"servers without keys":         {far + "idempotency_header = \"\"\naction \"create_server\" {\n path = \"/a\"\n}\naction \"create_key\" {\n path = \"/a\"\n find {\n path = \"/a\"\n}\n}\n", []string{"warning action[create_server]: Where the answer to an order is lost, it is not sent again"}},
		"no time":                      {far + "timeout = \"10\"" + least, []string{`error timeout: "10" is no time`}},
		"too much time":                {far + "settle = \"2h\"" + least, []string{`error settle: "2h" is no time`}},
		"no size":                      {far + "max_response = 0" + least, []string{`error max_response: This is no size`}},
		"too large":                    {far + "max_response = 1e12" + least, []string{`error max_response: This is no size`}},
		"no rate":                      {far + "rate_limit = 0" + least, []string{`error rate_limit: This is no number of requests a second`}},
		"half of a certificate":        {far + least + "tls {\n cert_file = \"/c.pem\"\n}\n", []string{"error tls: A certificate of our own needs cert_file, and key_file or key"}},
		"two keys":                     {far + least + "tls {\n cert_file = \"/c.pem\"\n key_file = \"/k\"\n key = secret(\"k\")\n}\n", []string{"error tls.key: key and key_file are both there"}},
		"an old version":               {far + least + "tls {\n min_version = \"1.1\"\n}\n", []string{`error tls.min_version: "1.1" is no version of TLS`}},
		"a token and a header":         {far + least + "oauth2 {\n token_url = \"https://a.example\"\n client_id = \"a\"\n client_secret = secret(\"b\")\n}\n", []string{"error headers[Authorization]: With oauth2 the header Authorization holds the token"}},
		"a token by plain http":        {strings.Split(far, "headers")[0] + least + "oauth2 {\n token_url = \"http://a.example\"\n client_id = \"a\"\n client_secret = secret(\"b\")\n credentials_in = \"query\"\n params = { scope = \"x\" }\n}\n", []string{"error oauth2.token_url: token_url can't be used", `error oauth2.credentials_in: "query" is no place`, "error oauth2.params[scope]: The parameter scope follows"}},
		"no provision":                 {far + "deprovision {\n path = \"/a\"\n}\n", []string{"error : There is no block provision"}},
		"nothing":                      {far, []string{"error : There is no block provision", "error : There is no block deprovision"}},
		"suspend alone":                {far + least + "suspend {\n path = \"/a\"\n}\n", []string{"error suspend: There is a block suspend, and no block resume"}},
		"rotate_commit alone":          {far + least + "rotate_commit {\n path = \"/a\"\n}\n", []string{"error rotate_commit: There is a block rotate_commit, and no block rotate"}},
		"measured without read":        {far + strings.Replace(least, "\n}\ndeprov", "\n outputs = { id = response.body.id }\n}\ndeprov", 1) + "output \"id\" {\n type = string\n measured = true\n}\n", []string{"error output[id].measured: A measured output needs a block read"}},
		"an output of a secret":        {far + least + "output \"id\" {\n type = string\n description = secret(\"x\")\n}\n", []string{"error output: An output block must not depend on a secret"}},
		"no way to find":               {far + out + "provision {\n path = \"/a\"\n outputs = { id = response.body.id }\n}\ndeprovision {\n path = \"/a/${output.id}\"\n}\n", []string{"warning deprovision.path: Where the answer to an order is lost, outputs are unknown"}},
		"outputs missing":              {far + out + least, []string{"error provision: These outputs are declared, and provision does not read them: id"}},
		"outputs missing in the block": {far + out + strings.Replace(least, "\n}\ndeprov", "\n outputs = { }\n}\ndeprov", 1), []string{"error provision.outputs: These outputs are declared, and provision does not read them: id"}},
		"outputs that are no object":   {far + out + strings.Replace(least, "\n}\ndeprov", "\n outputs = \"x\"\n}\ndeprov", 1), []string{"error provision.outputs: outputs is no object"}},
		"outputs not declared":         {far + least + "change_plan {\n path = \"/a\"\n outputs = { foo = response.body.a }\n}\n", []string{`error change_plan.outputs[foo]: "foo" is no declared output`}},
		"outputs misspelt":             {far + out + strings.Replace(least, "\n}\ndeprov", "\n outputs = { idd = response.body.id }\n}\ndeprov", 1), []string{`error provision.outputs[idd]: "idd" is no declared output Did you mean "id"? Else write a block output "idd"`, "error provision.outputs: These outputs are declared"}},
		"outputs generated":            {far + least + "output \"pw\" {\n type = string\n generated = 20\n}\nchange_plan {\n path = \"/a\"\n outputs = { pw = response.body.a }\n}\n", []string{`error change_plan.outputs[pw]: The gateway makes the output "pw" itself`}},
		"outputs of find":              {far + least + "find {\n path = \"/a\"\n outputs = true ? { foo = 1 } : null\n}\n", []string{`error find.outputs[foo]: "foo" is no declared output`}},
		"a member of response":         {far + least + "change_plan {\n path = \"/a\"\n message = response.boddy.x\n}\n", []string{"error change_plan.message: This can't be evaluated addongw.hcl:"}},
		"an output of the order":       {far + out + "provision {\n path = \"/a/${output.id}\"\n body = { a = \"b-${output.id}\" }\n outputs = { id = response.body.id }\n}\ndeprovision {\n path = \"/a/${output.id}\"\n}\nfind {\n path = \"/a/${output.id}\"\n}\n", []string{"error find.path: This path can't be used: what stands in the first ${…} is null Before an order is answered, no output is known", "error provision.path: This path can't be used: what stands in the first ${…} is null", "error provision.body: This can't be evaluated"}},
		"a generated output":           {far + "output \"pw\" {\n type = string\n generated = 20\n}\n" + strings.Replace(least, "\n}\ndeprov", "\n body = { pw = \"x-${output.pw}\" }\n}\ndeprov", 1), nil},
		"a member of operation":        {far + least + "change_plan {\n path = \"/a/${operation.key}\"\n}\n", []string{"error change_plan.path: This path can't be used addongw.hcl:"}},
		"a secret of a rotation":       {far + least + "output \"pw\" {\n type = string\n generated = 20\n}\nrotate {\n path = \"/a\"\n}\nrotate_commit {\n path = \"/a/${old_output.pw}\"\n}\n", []string{"error rotate_commit.path: This path can't be used addongw.hcl:"}},
		"a path without a slash":       {far + least + "change_plan {\n path = \"a\"\n}\n", []string{"error change_plan.path: This path can't be used: it must begin with /"}},
		"a path that is a value":       {far + least + "change_plan {\n path = \"${resource.id}\"\n}\n", []string{"error change_plan.path: This path can't be used: it must begin with /"}},
		"a path that is computed":      {far + least + "change_plan {\n path = format(\"/a/%s\", resource.id)\n}\n", []string{"error change_plan.path: This path can't be used addongw.hcl:12:9: this must be a text in quotes"}},
		"a path with parameters":       {far + least + "change_plan {\n path = \"/a?b=${resource.id}\"\n}\n", []string{`error change_plan.path: This path can't be used: there is a "?" in it: parameters are written as query`}},
		"a path with a fragment":       {far + least + "change_plan {\n path = \"/a#b\"\n}\n", []string{`error change_plan.path: This path can't be used: there is a "#" in it`}},
		"a path with dots":             {far + least + "change_plan {\n path = \"/a/../${resource.id}\"\n}\n", []string{`error change_plan.path: This path can't be used: a segment of it is blank, . or ..`}},
		"a path with a space":          {far + least + "change_plan {\n path = \"/a b\"\n}\n", []string{`error change_plan.path: This path can't be used: there is a character in it that paths must hold as %XX`}},
		"an empty segment":             {far + least + "change_plan {\n path = \"//a\"\n}\n", []string{`error change_plan.path: This path can't be used: a segment of it is empty`}},
		"an empty path":                {far + least + "change_plan {\n path = \"\"\n}\n", []string{`error change_plan.path: This path can't be used: it must begin with /`}},
		"credentials in the path":      {far + "action \"a\" {\n path = \"/a/${credential.token}\"\n}\n", []string{"error action[a].path: path has somebody's credentials in it"}},
		"credentials in the query":     {far + "action \"a\" {\n path = \"/a\"\n query = { t = credential.token }\n message = credential.token\n}\n", []string{"error action[a].query: query has somebody's credentials in it", "error action[a].message: message has"}},
		"a header of a block":          {far + least + "change_plan {\n path = \"/a\"\n headers = { Connection = \"close\" }\n}\n", []string{`error change_plan.headers[Connection]: "Connection" is a header that follows`}},
		"two bodies":                   {far + least + "change_plan {\n path = \"/a\"\n body = {}\n form = {}\n}\n", []string{"error change_plan.form: body and form are both there"}},
		"GET with a body":              {far + least + "change_plan {\n method = \"GET\"\n path = \"/a\"\n body = {}\n}\n", []string{"error change_plan.method: GET has no body"}},
		"no method":                    {far + least + "change_plan {\n method = \"get\"\n path = \"/a\"\n}\n", []string{`error change_plan.method: "get" can't be the method of change_plan`}},
		"a read that deletes":          {far + least + "read {\n method = \"DELETE\"\n path = \"/a\"\n}\n", []string{`error read.method: "DELETE" can't be the method of read`}},
		"no status":                    {far + least + "change_plan {\n path = \"/a\"\n expect = [200, 99, 500]\n}\n", []string{"error change_plan.expect[1]: This is no status", "error change_plan.expect[2]: This is no status"}},
		"no statuses":                  {far + least + "change_plan {\n path = \"/a\"\n expect = []\n}\n", []string{"error change_plan.expect: No status is a success here"}},
		"errors":                       {far + least + "change_plan {\n path = \"/a\"\n expect = [409]\n errors = { \"4\" = \"invalid\", \"409\" = \"conflict\", \"422\" = \"wrong\", \"5xx\" = \"internal\" }\n}\n", []string{`error change_plan.errors[4]: "4" is no status of a failure`, "error change_plan.errors[409]: 409 is both in expect and in errors", `error change_plan.errors.422: "wrong" is no class of failures Write one of retryable, invalid`}},
		"poll":                         {far + least + "change_plan {\n path = \"/a\"\n poll {\n path = \"b\"\n url = response.body.x\n class = \"bad\"\n interval = \"x\"\n done = response.bod\n result = credential.x\n}\n}\n", []string{`error change_plan.poll.interval: "x" is no time`, `error change_plan.poll.class: "bad" is no class`, "error change_plan.poll.path: This path can't be used: it must begin with /", "error change_plan.poll.done: This can't be evaluated", "error change_plan.poll.result: result has somebody's credentials", "error change_plan.poll.url: path and url are both there", "error change_plan.poll.class: class says what a failure is"}},
		"poll, all of base_url twice":  {far + least + "change_plan {\n path = \"/v2/a\"\n poll {\n path = \"/v2\"\n result = \"/v2/a/${response.body.id}\"\n}\n}\n", []string{"warning change_plan.path: This path begins as base_url ends, with /v2 It is appended to base_url, so /v2/v2/a is what is asked. Leave /v2 out here.", "warning change_plan.poll.path: This path begins", "warning change_plan.poll.result: This path begins"}},
		"poll, texts of ours":          {far + least + "change_plan {\n path = \"/v20/a\"\n poll {\n url = \"/a/../${response.body.id}?b=${response.body.c}\"\n result = \"/a?b= \"\n}\n}\n", []string{"error change_plan.poll.url: This path can't be used: a segment of it is blank", "error change_plan.poll.result: This path can't be used: there is a character after the ?"}},
		"an action called like a verb": {far + "action \"rotate\" {\n path = \"/a\"\n}\n", []string{`error action[rotate]: An action can't be called "rotate"`}},
		"an action with a bad name":    {far + "action \"Re-boot\" {\n path = \"/a\"\n}\n", []string{`error action[Re-boot]: "Re-boot" is no name for an action`}},
		"health":                       {far + least + "health {\n path = \"/a?b\"\n}\n", []string{`error health.path: The path "/a?b" can't be used`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := words(judged(t, c.text).Diagnostics)
			if strings.Contains(got, "hunter") {
				t.Errorf("a password is repeated: %s", got)
			}
			lines := strings.Split(strings.TrimSuffix(got, "\n"), "\n")
			if got == "" {
				lines = nil
			}
			for i := range max(len(lines), len(c.want)) {
				if i >= len(lines) || i >= len(c.want) || !strings.HasPrefix(lines[i], c.want[i]) {
					t.Fatalf("got %s\nwant %s", got, strings.Join(c.want, "\n"))
				}
			}
		})
	}
}

func TestWhatABackendCanFollowsFromItsBlocks(t *testing.T) {
	t.Parallel()
	whole := judged(t, strings.Replace(mailwindAt("https://api.example.com", verbs+find), "private_addresses = true", "", 1))
	if whole.ActionsOnly || len(whole.Actions) != 0 || len(whole.Outputs.Attributes) != 4 {
		t.Errorf("got %+v", whole)
	}
	if len(whole.Lacks) != 0 {
		t.Errorf("it lacks %q", whole.Lacks)
	}
	if some := judged(t, far+least); !slices.Equal(some.Lacks, []backend.Capability{backend.CanChangePlan, backend.CanRotate, backend.CanRead}) {
		t.Errorf("with the least that there can be it lacks %q", some.Lacks)
	}
	rented := judged(t, "base_url = \"https://a.example\"\n"+servers)
	if !rented.ActionsOnly || strings.Join(rented.Actions, " ") != "create_server delete_server delete_twin reboot verify" {
		t.Errorf("got %+v", rented)
	}
	if d, err := New().Describe(t.Context(), backend.DescribeRequest{}); err != nil || d.Check() != nil {
		t.Errorf("%v, %v", err, d.Check())
	}
}
