package lifecycle

import (
	"encoding/json"
	"fmt"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/secret"
	"github.com/addongw/addongw/plugins/backend"
)

// Sealer encrypts what a Store keeps. *secret.Sealer is one.
type Sealer interface {
	Seal(plaintext []byte, ad secret.AD) ([]byte, error)
	Open(sealed []byte, ad secret.AD) ([]byte, error)
}

// vault seals and opens the columns of records. An absent value is a nil
// column; it is never sealed.
type vault struct{ sealer Sealer }

// The sealed columns, as they are called in the tables.
const (
	resourcesTable  = "resources"
	operationsTable = "operations"

	outputsColumn     = "outputs_enc"
	secretsColumn     = "secrets_enc"
	stateColumn       = "state_enc"
	deliveryColumn    = "delivery_enc"
	firstConfigColumn = "first_config_enc"
	beforeColumn      = "before_enc"
	logTokenColumn    = "log_token_enc"
	inputColumn       = "input_enc"
	argsColumn        = "args_enc"
	oldPlanColumn     = "old_plan_enc"
)

func resourceAD(id, column string) secret.AD {
	return secret.AD{Table: resourcesTable, Row: id, Column: column}
}

func operationAD(id, column string) secret.AD {
	return secret.AD{Table: operationsTable, Row: id, Column: column}
}

func (v vault) seal(plain []byte, ad secret.AD) ([]byte, error) {
	if plain == nil {
		return nil, nil
	}
	return v.sealer.Seal(plain, ad)
}

func (v vault) open(sealed []byte, ad secret.AD) ([]byte, error) {
	if sealed == nil {
		return nil, nil
	}
	return v.sealer.Open(sealed, ad)
}

// sealOp keeps everything of op but its Credential.
func (v vault) sealOp(op backend.Op, ad secret.AD) ([]byte, error) {
	op.Credential = nil
	plain, err := op.MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("encode the operation's input: %w", err)
	}
	return v.seal(plain, ad)
}

func (v vault) openOp(sealed []byte, ad secret.AD) (backend.Op, error) {
	plain, err := v.open(sealed, ad)
	if err != nil || plain == nil {
		return backend.Op{}, err
	}
	var op backend.Op
	if err := op.UnmarshalBinary(plain); err != nil {
		return backend.Op{}, fmt.Errorf("decode the operation's input: %w", err)
	}
	return op, nil
}

// sealValue keeps a value, marks included; a null one is absent.
func (v vault) sealValue(value backend.Value, ad secret.AD) ([]byte, error) {
	if value.IsNull() {
		return nil, nil
	}
	plain, err := value.MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", ad.Column, err)
	}
	return v.seal(plain, ad)
}

func (v vault) openValue(sealed []byte, ad secret.AD) (backend.Value, error) {
	plain, err := v.open(sealed, ad)
	if err != nil || plain == nil {
		return backend.Value{}, err
	}
	var value backend.Value
	if err := value.UnmarshalBinary(plain); err != nil {
		return backend.Value{}, fmt.Errorf("decode %s: %w", ad.Column, err)
	}
	return value, nil
}

// sealPlan keeps a plan as an Op that holds nothing else: plans have no
// encoding of their own.
func (v vault) sealPlan(plan backend.Plan, ad secret.AD) ([]byte, error) {
	return v.sealOp(backend.Op{Plan: plan}, ad)
}

func (v vault) openPlan(sealed []byte, ad secret.AD) (backend.Plan, error) {
	op, err := v.openOp(sealed, ad)
	return op.Plan, err
}

func (v vault) sealJSON(from any, ad secret.AD) ([]byte, error) {
	plain, err := json.Marshal(from)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", ad.Column, err)
	}
	return v.seal(plain, ad)
}

func (v vault) openJSON(sealed []byte, ad secret.AD, into any) error {
	plain, err := v.open(sealed, ad)
	if err != nil || plain == nil {
		return err
	}
	if err := json.Unmarshal(plain, into); err != nil {
		return fmt.Errorf("decode %s: the stored value is damaged", ad.Column)
	}
	return nil
}

// resource returns the facts of a record with its log token opened.
func (v vault) resource(r ResourceRecord) (gateway.Resource, error) {
	token, err := v.open(r.LogTokenSealed, resourceAD(r.ID, logTokenColumn))
	if err != nil {
		return gateway.Resource{}, err
	}
	if token != nil {
		r.LogToken = secret.New(string(token))
	}
	return r.Resource, nil
}

// outputs opens the recorded outputs, generated ones included.
func (v vault) outputs(r ResourceRecord) (backend.Value, error) {
	return v.openValue(r.OutputsSealed, resourceAD(r.ID, outputsColumn))
}

// secrets opens the generated outputs.
func (v vault) secrets(r ResourceRecord) (map[string]string, error) {
	found := map[string]string{}
	return found, v.openJSON(r.SecretsSealed, resourceAD(r.ID, secretsColumn), &found)
}
