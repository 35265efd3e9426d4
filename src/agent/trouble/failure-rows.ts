import type { Trouble } from '../../domain/trouble.ts';
import type { Failure } from './failure.ts';

/** A row applies where one of its expressions does, under one of its statuses or under none; without any, by status alone. */
interface Row {
  readonly status?: readonly number[];
  /** of one of the vendor's codes, in small letters and _ */
  readonly code?: RegExp;
  readonly words?: RegExp;
  readonly trouble: Trouble;
}

/** The first that applies counts. What is none of them goes by the hundreds of its status. */
const rows: readonly Row[] = [
  {
    code: /context_(length|window|size|limit)|^(request_too_large|string_above_max_length|prompt_too_long|input_too_long)$/,
    words:
      /(prompt|input|request|message)s? (is|are|was)? ?too (long|large)|context (window|length|limit|size)|maximum context|reduce (the length|your (message|prompt|input))|token count .*exceeds|too many (input |prompt )?tokens/i,
    trouble: 'size',
  },
  { status: [413], trouble: 'size' },
  {
    status: [400, 403, 422, 451],
    code: /^(invalid_prompt|safety|sensitive|prohibited_content|refusal)$|content_?filter|moderation|policy/,
    words:
      /content (management |filter(ing)? )?policy|content filter|moderation|(was|were|been) flagged|usage polic|violat\w* .*polic/i,
    trouble: 'refusal',
  },
  {
    code: /^(insufficient_(quota|credits?|balance|funds)|billing\w*|payment_required|credits?_\w+)$/,
    trouble: 'credit',
  },
  { status: [402], trouble: 'credit' },
  {
    code: /^rate_limit|too_?many_?requests|throttl|^slow_down$|^(requests|tokens)$/,
    trouble: 'rate',
  },
  { status: [429], words: /(retry|try again) in|per (second|sec|minute|min|hour|day)\b/i, trouble: 'rate' },
  {
    status: [401, 403, 429],
    code: /^quota_exceeded$/,
    words:
      /credit balance|\b(insufficient|not enough|out of|no|any|more|all) (available )?(credits?|funds|balance|quota)\b|current quota|\bbilling\b|payment (is )?required|(spend(ing)?|usage) limits?|past due|top up/i,
    trouble: 'credit',
  },
  // A request that is called wrong is often quoted. What may stop a provider has to stand where the vendor's own words do.
  {
    status: [400],
    words:
      /^[^:=<{[(]{0,60}(credit balance|(insufficient|not enough|out of) (credits?|funds|balance|quota)\b|current quota|\bbilling\b|payment (is )?required|usage limits?)/i,
    trouble: 'credit',
  },
  {
    status: [400, 401, 403, 404, 410, 422],
    code: /^(model|deployment)_?not_?(found|supported|available|exist)|^(unknown|invalid|unsupported)_model$/,
    words:
      /\bmodel\b.{0,60}\b((was |is )?not (found|exist)|does not exist|(is )?not (available|supported|a valid)|is (unknown|invalid|retired))|(unknown|invalid|no such|unsupported|not a valid) model|access to (the |this )?model/i,
    trouble: 'model',
  },
  {
    code: /^(authentication_\w+|permission_\w+|(invalid|incorrect|expired|missing)_\w*(api_?key|token)|invalid_api_key|api_key_\w+|unauthenticated|unauthorized|forbidden|access_denied|account_\w+|\w*accessdenied\w*)$/,
    trouble: 'key',
  },
  { status: [401, 403, 407], trouble: 'key' },
  {
    status: [400],
    words:
      /^[^:=<{[(]{0,60}(api[ _-]?key (is )?(not valid|invalid|incorrect|expired|missing|required)|(invalid|incorrect|expired|missing) (x-)?api[ _-]?key|unauthori[sz]ed|authentication (fail|error)|organi[sz]ation has been disabled)/i,
    trouble: 'key',
  },
  { code: /^not_found(_error)?$/, trouble: 'model' },
  { status: [404, 410], trouble: 'model' },
  { status: [429], trouble: 'rate' },
  { status: [], words: /rate limit|too many requests/i, trouble: 'rate' },
  { code: /overload|unavailable|server_busy/, trouble: 'outage' },
  { status: [408, 409, 424, 425], trouble: 'outage' },
  { status: [], words: /unexpected endpoint|no such (route|path)|unknown (route|path|url)/i, trouble: 'answer' },
  { status: [], code: /^(invalid|unsupported|unprocessable|validation)_\w+$|^bad_request$|image/, trouble: 'request' },
];

export function sortFailure({ status, codes, words }: Failure): Trouble {
  const names = codes.map((code) => code.toLowerCase().replaceAll(/[^a-z0-9]+/g, '_'));
  const own = ownWords(words);
  const row = rows.find((one) => {
    const byStatus = one.status === undefined || (status !== undefined && one.status.includes(status));
    if (!one.code && !one.words) return byStatus;
    if (!byStatus && status !== undefined) return false;
    return names.some((name) => one.code?.test(name)) || (one.words?.test(own) ?? false);
  });
  return row?.trouble ?? byHundreds(status);
}

/** What is not known to stay as it is may pass. */
function byHundreds(status = 500): Trouble {
  if (status >= 500) return 'outage';
  return status >= 400 ? 'request' : 'answer';
}

/** Without what a server quotes, which may be the payload: a stranger does not choose the row. */
function ownWords(words: string): string {
  return words.slice(0, 1000).replaceAll(/"[^"]*"|`[^`]*`|(?<!\w)'[^']*'(?!\w)/g, '…');
}
