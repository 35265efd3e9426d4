import { type Static, Type } from 'typebox';
import { replyFields, timeoutSeconds } from '../../agent/settings/reply-fields.ts';
import { stepConditions } from '../../domain/action.ts';

const text = { minLength: 1, pattern: '\\S' };

/** Every field of an agent action but its message; written once for the API, mappings and transforms. */
export const agentFields = {
  ...replyFields,
  name: Type.String({ ...text, maxLength: 200, description: 'A human-readable name, used in summaries.' }),
  sessionKey: Type.String({ ...text, maxLength: 500, description: 'The conversation this run belongs to.' }),
  wakeMode: Type.Enum(['now', 'next-heartbeat'], {
    default: 'now',
    description: 'Whether main is woken at once or reads it at its next timer beat.',
  }),
  timeoutSeconds,
};

/** Body of `POST /hooks/agent`. Unknown fields are ignored, and the answer names them. */
export const agentPayloadSchema = Type.Object({
  message: Type.String(text),
  ...Type.Partial(Type.Object(agentFields)).properties,
});
export type AgentPayload = Static<typeof agentPayloadSchema>;

/** Body of `POST /hooks/wake`. */
export const wakePayloadSchema = Type.Object({
  text: Type.String(text),
  mode: Type.Optional(agentFields.wakeMode),
});

/** A workflow has at most as many steps. */
export const mostSteps = 100;

/** Every field of a step but its name; written once for the API, mappings and `workflows`. */
export const stepFields = {
  id: Type.String({ ...text, maxLength: 200, description: 'Tells it from the other steps, for those and in records.' }),
  message: Type.String({
    ...text,
    description:
      'What the agent is asked to do. `{{steps.<id>.outputText}}` stands for the reply of an earlier step, `{{steps.<id>.error}}` for why it failed.',
  }),
  condition: Type.Optional(
    Type.Enum([...stepConditions], {
      default: 'always',
      description: 'Whether it runs at all: by how the nearest earlier step that ran has ended.',
    }),
  ),
  model: Type.Optional(replyFields.model),
  thinking: Type.Optional(replyFields.thinking),
  timeoutSeconds: Type.Optional(agentFields.timeoutSeconds),
};

/** What a workflow's `deliver` may be, for messages. */
export const deliverChoices = 'true, false or "every-step"';

/** What a workflow has of its own: the defaults of its steps are fields of an agent action. */
export const workflowFields = {
  continueOnError: Type.Boolean({
    default: false,
    description: 'Go on after a step that failed; else only steps with the condition `previous-error` still run.',
  }),
  deliver: Type.Union([Type.Boolean(), Type.Enum(['every-step'])], {
    default: false,
    title: deliverChoices,
    description: 'Send the reply of the step that ran last through a channel, or that of every step.',
  }),
};

const { deliver: _, ...runFields } = agentFields;

/** Body of `POST /hooks/workflow` where its `id` is that of a workflow in the config. */
export const workflowCallSchema = Type.Object({
  id: Type.String({ ...text, maxLength: 200 }),
  ...Type.Partial(Type.Object({ ...runFields, ...workflowFields })).properties,
});

/** Body of `POST /hooks/workflow` with steps of its own. */
export const workflowPayloadSchema = Type.Object({
  ...workflowCallSchema.properties,
  name: agentFields.name,
  steps: Type.Array(Type.Object({ ...stepFields, name: agentFields.name }), {
    minItems: 1,
    maxItems: mostSteps,
    title: `a list of 1 to ${mostSteps} steps`,
  }),
});

/** What both may say. */
export type WorkflowCall = Static<typeof workflowCallSchema> & Partial<Static<typeof workflowPayloadSchema>>;
