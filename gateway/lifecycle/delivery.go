package lifecycle

import (
	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/secret"
	"github.com/addongw/addongw/plugins/backend"
)

// delivery is what platforms were and will be told about a resource, as it is
// stored: repeats answer from here, whatever the configuration says by then.
type delivery struct {
	Vars     []deliveredVar          `json:"vars,omitempty"`
	Messages map[backend.Verb]string `json:"messages,omitempty"` // the newest of each verb
	LogDrain string                  `json:"log_drain,omitempty"`
}

type deliveredVar struct {
	Name      string `json:"name"`
	Value     string `json:"value"`
	Sensitive bool   `json:"sensitive,omitempty"`
}

// delivery opens what is stored for r.
func (v vault) delivery(r ResourceRecord) (delivery, error) {
	var d delivery
	return d, v.openJSON(r.DeliverySealed, resourceAD(r.ID, deliveryColumn), &d)
}

// sealDelivery returns the stored form of what r delivers from now on. Config
// vars replace the ones before; the messages of other verbs stay.
func (v vault) sealDelivery(r ResourceRecord, rendered gateway.Rendered, verb backend.Verb) ([]byte, error) {
	d, err := v.delivery(r)
	if err != nil {
		return nil, err
	}
	d.replace(rendered)
	d.note(verb, rendered.Message)
	return v.sealJSON(d, resourceAD(r.ID, deliveryColumn))
}

// replace puts config vars into the place of the ones before.
func (d *delivery) replace(rendered gateway.Rendered) {
	d.Vars, d.LogDrain = nil, rendered.LogDrainURL
	for _, cv := range rendered.ConfigVars {
		d.Vars = append(d.Vars, deliveredVar{Name: cv.Name, Value: cv.Value.Reveal(), Sensitive: cv.Sensitive})
	}
}

// note keeps the message of a verb.
func (d *delivery) note(verb backend.Verb, message string) {
	if d.Messages == nil {
		d.Messages = map[backend.Verb]string{}
	}
	d.Messages[verb] = message
}

// deliver makes the answer for a platform from what is stored.
func (e *Engine) deliver(r ResourceRecord, verb backend.Verb) (gateway.Delivery, error) {
	facts, err := e.facts(r)
	if err != nil {
		return gateway.Delivery{}, unreadable(err)
	}
	d, err := e.vault.delivery(r)
	if err != nil {
		return gateway.Delivery{}, unreadable(err)
	}
	answer := gateway.Delivery{Resource: facts, Message: d.Messages[verb], LogDrainURL: d.LogDrain}
	for _, cv := range d.Vars {
		answer.ConfigVars = append(answer.ConfigVars, gateway.ConfigVar{
			Name: cv.Name, Value: secret.New(cv.Value), Sensitive: cv.Sensitive,
		})
	}
	return answer, nil
}

// facts returns r without its sealed columns, with delivery marks that are not
// written yet.
func (e *Engine) facts(r ResourceRecord) (gateway.Resource, error) {
	facts, err := e.vault.resource(r)
	facts.DeliveredRev = max(facts.DeliveredRev, e.marks.rev(r.ID))
	return facts, err
}
