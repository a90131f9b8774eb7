package sql

import (
	stdsql "database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/lifecycle"
)

// resourceFacts are the columns that operators may see; resourceSealed the
// others.
const (
	resourceFacts = `id, short_id, provider_id, kind, platform, addon, external_id, plan, desired_plan, region, backend,
 name, app, options, owner_id, owner_name, owner_email, owner_emails, user_id, callback_url, log_drain_url,
 state, reason, locked_out, accepted, last_error, config_rev, delivered_rev, created_at, updated_at, deleted_at, ` + rotationFacts
	rotationFacts  = `rotation, rotation_rev, rotation_grace, rotation_due, rotation_sure, rotation_forced, rotated_at`
	resourceSealed = `version, outputs_enc, secrets_enc, state_enc, delivery_enc, first_config_enc, log_token_enc, before_enc`

	resourceColumns     = resourceFacts + ", " + resourceSealed
	resourceColumnCount = 46
)

// resourceValues returns a record's values in the order of resourceColumns.
func resourceValues(r lifecycle.ResourceRecord) ([]any, error) {
	var options any
	if r.Options != nil {
		text, err := json.Marshal(r.Options)
		if err != nil {
			return nil, fmt.Errorf("encode options: %w", err)
		}
		options = string(text)
	}
	emails, err := textList(r.OwnerEmails)
	if err != nil {
		return nil, err
	}
	return []any{
		r.ID, r.ShortID, r.ProviderID, string(r.Kind), r.Platform, r.Addon, r.ExternalID, r.Plan, r.DesiredPlan, r.Region, r.Backend,
		r.Name, r.App, options, r.Owner.ID, r.Owner.Name, r.Owner.Email, emails, r.UserID, r.CallbackURL, r.LogDrainURL,
		string(r.State), r.Reason, flag(r.LockedOut), flag(r.Accepted), r.LastError, r.ConfigRev, r.DeliveredRev, millis(r.CreatedAt), millis(r.UpdatedAt), millis(r.DeletedAt),
		string(r.Rotation.Phase), r.Rotation.Rev, r.Rotation.Grace.Milliseconds(), millis(r.Rotation.Due), flag(r.Rotation.Sure), flag(r.Rotation.Forced), millis(r.RotatedAt),
		r.Version, r.OutputsSealed, r.SecretsSealed, r.StateSealed, r.DeliverySealed, r.FirstConfigSealed, r.LogTokenSealed, r.BeforeSealed,
	}, nil
}

// scanResource reads resourceFacts into r, and what follows them into more.
func scanResource(row scanner, r *gateway.Resource, more ...any) error {
	var options, emails stdsql.NullString
	var created, updated, grace int64
	var deleted, due, rotated stdsql.NullInt64
	into := append([]any{
		&r.ID, &r.ShortID, &r.ProviderID, &r.Kind, &r.Platform, &r.Addon, &r.ExternalID, &r.Plan, &r.DesiredPlan, &r.Region, &r.Backend,
		&r.Name, &r.App, &options, &r.Owner.ID, &r.Owner.Name, &r.Owner.Email, &emails, &r.UserID, &r.CallbackURL, &r.LogDrainURL,
		&r.State, &r.Reason, &r.LockedOut, &r.Accepted, &r.LastError, &r.ConfigRev, &r.DeliveredRev, &created, &updated, &deleted,
		&r.Rotation.Phase, &r.Rotation.Rev, &grace, &due, &r.Rotation.Sure, &r.Rotation.Forced, &rotated,
	}, more...)
	if err := row.Scan(into...); err != nil {
		return err
	}
	r.CreatedAt, r.UpdatedAt, r.DeletedAt = time.UnixMilli(created), time.UnixMilli(updated), timeOf(deleted)
	r.Rotation.Grace, r.Rotation.Due, r.RotatedAt = time.Duration(grace)*time.Millisecond, timeOf(due), timeOf(rotated)
	if options.Valid {
		if err := json.Unmarshal([]byte(options.String), &r.Options); err != nil {
			return fmt.Errorf("decode the options of %s: %w", r.ID, err)
		}
	}
	if emails.Valid {
		if err := json.Unmarshal([]byte(emails.String), &r.OwnerEmails); err != nil {
			return fmt.Errorf("decode the owner's e-mails of %s: %w", r.ID, err)
		}
	}
	return nil
}

// textList is a list of texts as it is stored; an empty one is NULL.
func textList(texts []string) (any, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	text, err := json.Marshal(texts)
	if err != nil {
		return nil, fmt.Errorf("encode a list: %w", err)
	}
	return string(text), nil
}

// scanResourceRecord reads resourceColumns.
func scanResourceRecord(row scanner, r *lifecycle.ResourceRecord) error {
	return scanResource(row, &r.Resource, &r.Version, &r.OutputsSealed, &r.SecretsSealed, &r.StateSealed,
		&r.DeliverySealed, &r.FirstConfigSealed, &r.LogTokenSealed, &r.BeforeSealed)
}
