import { recordOf } from './record.ts';

/** What a form has at one name: values and elements in their order, and what stands at names or numbers in brackets. */
export interface FormNode {
  /** values of the name itself, and those of `[]` */
  readonly list: (string | FormNode)[];
  /** whether it is a list even where it has one value */
  isList: boolean;
  readonly fields: Map<string, FormNode>;
  /** how many of the list came before the first field */
  fieldsAt: number;
}

export function newNode(): FormNode {
  return { list: [], isList: false, fields: new Map(), fieldsAt: 0 };
}

/**
 * Puts a value where the levels of its name lead. `[]` before further levels is the element that the field before was put into, and a
 * new one where that has such a field: `a[][b]=1&a[][c]=2&a[][b]=3` are two.
 */
export function put(root: FormNode, levels: readonly string[], value: string): void {
  let node = root;
  for (const [at, level] of levels.entries()) {
    if (level !== '' || at === 0) node = fieldOf(node, level);
    else {
      node.isList = true;
      const rest = levels.slice(at + 1);
      if (rest.length > 0) node = elementFor(node, rest);
    }
  }
  node.list.push(value);
}

function fieldOf(node: FormNode, name: string): FormNode {
  if (node.fields.size === 0) node.fieldsAt = node.list.length;
  const field = node.fields.get(name) ?? newNode();
  node.fields.set(name, field);
  return field;
}

function elementFor(node: FormNode, levels: readonly string[]): FormNode {
  const last = node.list.at(-1);
  if (typeof last === 'object' && !has(last, levels)) return last;
  const element = newNode();
  node.list.push(element);
  return element;
}

/** Whether a value stands there; a list takes any number. */
function has(node: FormNode, levels: readonly string[]): boolean {
  let here: FormNode | undefined = node;
  for (const level of levels) {
    if (level === '') return false;
    here = here?.fields.get(level);
  }
  return here !== undefined && here.list.length > 0;
}

/**
 * A text, a list or an object. Fields are a list where their names are all numbers from 0: `users[42]=x` says nothing of 42 others.
 * @param onMixed called where values and fields stand at one name: then they are one list, in which places may have changed
 */
function valueAt(node: FormNode, onMixed: () => void): unknown {
  const { list, fields } = node;
  const values = list.map((one) => (typeof one === 'string' ? one : valueAt(one, onMixed)));
  if (fields.size === 0) return node.isList || values.length !== 1 ? values : values[0];
  const inFields = formFields(node, onMixed);
  const numbered = numberedIn(inFields, fields.size);
  if (values.length === 0) return numbered ?? inFields;
  onMixed();
  return [...values.slice(0, node.fieldsAt), ...(numbered ?? [inFields]), ...values.slice(node.fieldsAt)];
}

/** The fields by their names, of which none is inherited. */
export function formFields({ fields }: FormNode, onMixed: () => void): Record<string, unknown> {
  return recordOf([...fields].map(([name, field]) => [name, valueAt(field, onMixed)] as const));
}

function numberedIn(fields: Record<string, unknown>, count: number): unknown[] | undefined {
  const list: unknown[] = [];
  for (let at = 0; at < count; at += 1) {
    if (!Object.hasOwn(fields, at)) return undefined;
    list.push(fields[at]);
  }
  return list;
}
