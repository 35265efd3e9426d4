import { expect, it } from '@jest/globals';
import { itIgnores, itRenders, renderedChange } from './rendered.ts';

itRenders('pagerduty', 'PagerDuty', {
  triggered: {
    mapping: 'pagerduty:triggered',
    sessionKey: 'hook:pagerduty:Q1JAM5THEMILL0',
    says: 'There is an incident.',
    fields:
      'Incident: #118 The mill does not answer\n' +
      'What happened: incident.triggered at 2026-02-02T03:14:05.912Z\n' +
      'Service: Analytical Engine\n' +
      'Urgency: high\n' +
      'Priority: P1\n' +
      'Assigned to: Grace Hopper\n' +
      'Escalation policy: Engine, day and night\n' +
      'Link: https://engines.pagerduty.com/incidents/Q1JAM5THEMILL0',
  },
  progress: {
    mapping: 'pagerduty:progress',
    sessionKey: 'hook:pagerduty:Q1JAM5THEMILL0',
    says: 'Something moved in an incident.',
    fields:
      'Incident: #118 The mill does not answer\n' +
      'What happened: incident.escalated at 2026-02-02T03:24:07.201Z by Grace Hopper\n' +
      'Status: triggered\n' +
      'Service: Analytical Engine\n' +
      'Urgency: high\n' +
      'Priority: none\n' +
      'Assigned to: Ada\n' +
      'Link: https://engines.pagerduty.com/incidents/Q1JAM5THEMILL0',
  },
  resolved: {
    mapping: 'pagerduty:resolved',
    sessionKey: 'hook:pagerduty:Q1JAM5THEMILL0',
    says: 'An incident is over.',
    fields:
      'Incident: #118 The mill does not answer\n' +
      'Service: Analytical Engine\n' +
      'Began: 2026-02-02T03:14:05Z\n' +
      'Resolved: 2026-02-02T03:52:40.077Z by Ada\n' +
      'Link: https://engines.pagerduty.com/incidents/Q1JAM5THEMILL0',
  },
});

itIgnores(
  'pagerduty',
  ['pagey.ping', 'incident.annotated', 'incident.responder.added', 'service.updated'].map((type) => [
    type,
    'triggered',
    { 'event.event_type': type },
  ]),
);

it.each([
  ['incident.reopened', 'pagerduty:triggered'],
  ['incident.acknowledged', 'pagerduty:progress'],
  ['incident.unacknowledged', 'pagerduty:progress'],
  ['incident.reassigned', 'pagerduty:progress'],
])('pagerduty takes %s, of an incident that nobody has, too', (type, mapping) => {
  const change = { 'event.event_type': type, 'event.agent': null, 'event.data.assignees': [] };
  expect(renderedChange('pagerduty', 'triggered', change)).toMatchObject([
    { mapping, fields: expect.stringMatching(/ at 2026-02-02T03:14:05\.912Z\n.*\nAssigned to: nobody\n/s) },
  ]);
});
