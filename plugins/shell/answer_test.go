package shell

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/declared"
)

func TestBadAnswersAreRefusedByName(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ stdout, want string }{
		"nothing":            {"", "nothing was printed"},
		"white space":        {" \n\t", "nothing was printed"},
		"text":               {"ok", "not one JSON object"},
		"a list":             {"[]", "not one JSON object"},
		"null":               {"null", "not one JSON object"},
		"cut off":            {`{"status":"done"`, "not one JSON object"},
		"two objects":        {`{"status":"done"}{"status":"done"}`, "not one JSON object"},
		"text before":        {`made {"status":"done"}`, "not one JSON object"},
		"not UTF-8":          {"{\"status\":\"done\",\"message\":\"\xff\"}", "not UTF-8"},
		"duplicate":          {`{"status":"done","status":"done"}`, `the key "status" stands twice`},
		"deep duplicate":     {`{"status":"done","state":[{"a":{"k":1,"b":2,"k":3}}]}`, `the key "k" stands twice`},
		"escaped duplicate":  {`{"status":"done","state":{"k":1,"\u006b":3}}`, `the key "k" stands twice`},
		"unknown status":     {`{"status":"ok"}`, `"status" must be`},
		"status of no text":  {`{"status":true}`, `"status" must be`},
		"unknown member":     {`{"status":"done","output":{}}`, `no member "output"`},
		"other case":         {`{"Status":"done"}`, `no member "Status"`},
		"outputs as a list":  {`{"status":"done","outputs":[]}`, `"outputs" must be an object`},
		"text for seconds":   {`{"status":"pending","retry_after":"5"}`, `"retry_after" must be a number`},
		"negative seconds":   {`{"status":"pending","retry_after":-1}`, `"retry_after" must be from 0`},
		"a year":             {`{"status":"pending","retry_after":1e8}`, `"retry_after" must be from 0`},
		"no time":            {`{"status":"done","purge_after":"tomorrow"}`, `"purge_after" must be a time`},
		"seconds to a purge": {`{"status":"done","purge_after":604800}`, `"purge_after" must be a time`},
		"a day to purge on":  {`{"status":"done","purge_after":"2030-01-02"}`, `"purge_after" must be a time`},
		"no zone":            {`{"status":"done","purge_after":"2030-01-02T00:00:00"}`, `"purge_after" must be a time`},
		"the year 1":         {`{"status":"done","purge_after":"0001-01-01T00:00:00Z"}`, `"purge_after" must be a time in`},
		"the year 0":         {`{"status":"done","purge_after":"0000-01-01T00:00:00+23:00"}`, `"purge_after" must be a time in`},
		"the end of time":    {`{"status":"done","purge_after":"9999-12-31T23:59:59-23:00"}`, `"purge_after" must be a time in`},
		"message of no text": {`{"status":"done","message":{}}`, `"message" must be text`},
		"drift of no list":   {`{"status":"done","drift":"x"}`, `"drift" must be a list`},
		"endless number":     {`{"status":"done","state":1e999999999}`, "too many digits"},
		"long number":        {`{"status":"done","state":` + strings.Repeat("9", 200) + `}`, "too many digits"},
		"bottomless":         {`{"status":"done","state":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`, "not one JSON object"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := parseAnswer([]byte(c.stdout)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestBadAnswerOfAScriptIsInternal(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"garbage":   `echo done`,
		"empty":     `:`,
		"no status": `echo '{}'`,
		"not UTF-8": `printf '{"status":"done","message":"\377"}'`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := provision(t.Context(), configured(t, map[string]string{"provision": text}, nil), someOp(t))
			wantFailure(t, err, backend.Internal, `script "provision"`)
		})
	}
}

func TestKeysMayRepeatInDifferentObjects(t *testing.T) {
	t.Parallel()
	if _, err := parseAnswer([]byte(`{"status":"done","state":[{"k":"k"},{"k":{"k":1}},"k","k"]}`)); err != nil {
		t.Error(err)
	}
}

func TestTypesAreNotConverted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		kind cty.Type
		fits bool
	}{
		{`"x"`, cty.String, true}, {`5`, cty.String, false}, {`true`, cty.String, false},
		{`5`, cty.Number, true}, {`"5"`, cty.Number, false},
		{`false`, cty.Bool, true}, {`"true"`, cty.Bool, false},
		{`[1,2]`, cty.List(cty.Number), true}, {`[1,"2"]`, cty.List(cty.Number), false}, {`[]`, cty.List(cty.Number), true},
		{`{"a":"b"}`, cty.Map(cty.String), true}, {`{"a":1}`, cty.Map(cty.String), false},
		{`{"any":[1,{}]}`, cty.DynamicPseudoType, true},
	} {
		v, err := matchOutputs([]declared.Output{{Name: "o", Type: c.kind}}, map[string]json.RawMessage{"o": json.RawMessage(c.text)})
		if (err == nil) != c.fits {
			t.Errorf("%s as %s: %v", c.text, c.kind.FriendlyName(), err)
		}
		if err == nil && c.kind != cty.DynamicPseudoType && !v.Cty().GetAttr("o").Type().Equals(c.kind) {
			t.Errorf("%s as %s became %#v", c.text, c.kind.FriendlyName(), v.Cty())
		}
	}
}

func TestStateTooLargeOrSecretIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ script, want string }{
		"large":          {`printf '{"status":"done","state":"'; head -c 70000 /dev/zero | tr '\0' x; printf '"}'`, "larger than"},
		"secret":         {`echo '{"status":"done","state":{"p":"GeneratedByTheGateway"}}'`, "holds a secret"},
		"returned":       {`echo '{"status":"done","outputs":{"token":"MadeByTheScript"},"state":["MadeByTheScript"]}'`, "holds a secret"},
		"while pending":  {`echo '{"status":"pending","state":"GeneratedByTheGateway"}'`, "holds a secret"},
		"with a failure": {`echo '{"state":"GeneratedByTheGateway"}'; exit 75`, "holds a secret"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			outputs := map[string]attributes{"password": {"generated": cty.NumberIntVal(20)}}
			if name == "returned" {
				outputs["token"] = attributes{"sensitive": cty.True}
			}
			b := configured(t, map[string]string{"provision": c.script}, attributes{"output": outputBlocks(outputs)})
			op := someOp(t)
			op.Secrets = map[string]string{"password": "GeneratedByTheGateway"}
			_, r, err := provision(t.Context(), b, op)
			wantFailure(t, err, backend.Internal, c.want)
			if len(r.checkpoints) > 0 {
				t.Errorf("it was recorded: %s", r.checkpoints)
			}
		})
	}
}
