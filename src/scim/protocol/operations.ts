/** Bodies of PATCH (RFC 7644 §3.5.2), as Entra and Okta send them. */
import { scimError } from './errors.ts'

export interface PatchOperation {
  op: 'add' | 'remove' | 'replace'
  /** As in a request: `emails[type eq "work"].value`; undefined: the value is an object of attributes. */
  path: string | undefined
  value: unknown
}

const SCHEMA = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'
const MAX_OPERATIONS = 1000
const MAX_PATH = 500

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A body that is an object, by the names of its members in lower case: those of SCIM have no case. @throws AppError (400) */
export function membersOf(body: unknown): Map<string, unknown> {
  if (!isObject(body)) throw scimError(400, 'Send a JSON object.', 'invalidSyntax')
  return new Map(Object.entries(body).map(([name, value]) => [name.toLowerCase(), value]))
}

/**
 * The operations of a body. A value without a path is taken apart: one operation an attribute.
 * @throws AppError invalidSyntax, invalidPath, invalidValue, noTarget (400)
 */
export function operationsOf(body: unknown): PatchOperation[] {
  const members = membersOf(body)
  const schemas = members.get('schemas')
  if (!Array.isArray(schemas) || !schemas.includes(SCHEMA))
    throw scimError(400, `Say schemas: ["${SCHEMA}"].`, 'invalidSyntax')
  const operations = members.get('operations')
  if (!Array.isArray(operations) || operations.length === 0)
    throw scimError(400, 'Operations is a list of at least one operation.', 'invalidSyntax')
  if (operations.length > MAX_OPERATIONS)
    throw scimError(400, `Send at most ${MAX_OPERATIONS} operations.`, 'invalidValue')
  return operations.flatMap(read)
}

function read(operation: unknown): PatchOperation[] {
  const members = membersOf(operation)
  // Entra says Add, Replace and Remove.
  const op = String(members.get('op')).toLowerCase()
  if (op !== 'add' && op !== 'remove' && op !== 'replace')
    throw scimError(400, 'op is add, remove or replace.', 'invalidSyntax')
  const path = members.get('path') ?? undefined
  const value = members.get('value')
  if (path !== undefined && (typeof path !== 'string' || path.length > MAX_PATH))
    throw scimError(400, 'path is text.', 'invalidPath')
  if (typeof path === 'string') {
    if (op === 'add' && value === undefined) throw scimError(400, 'add needs a value.', 'invalidValue')
    return [{ op, path: path.trim(), value }]
  }
  if (op === 'remove') throw scimError(400, 'remove needs a path.', 'noTarget')
  if (!isObject(value)) throw scimError(400, 'Without a path, value is an object.', 'invalidValue')
  return Object.entries(value).map(([name, each]) => ({ op, path: name, value: each }))
}

const PATH = /^(?:(urn:[\w:.-]+):)?([A-Za-z$][\w$-]*)(?:\[([^\]]*)\])?(?:\.([A-Za-z$][\w$-]*))?$/

/** The parts of a path. Names are in lower case. @throws AppError invalidPath (400) */
export function partsOf(path: string): {
  /** Of a schema that is not the core one of the resource. */
  extension: boolean
  attribute: string
  /** Between the brackets. */
  filter: string | undefined
  sub: string | undefined
} {
  const match = PATH.exec(path)
  const [, urn, attribute, filter, sub] = match ?? []
  if (attribute === undefined) {
    // The URN of an extension with all of its attributes.
    if (/^urn:[\w:.-]{1,200}$/.test(path))
      return { extension: true, attribute: path.toLowerCase(), filter: undefined, sub: undefined }
    throw scimError(400, 'This path is not known.', 'invalidPath')
  }
  return {
    extension: urn !== undefined && !/^urn:ietf:params:scim:schemas:core:2\.0:(user|group)$/i.test(urn),
    attribute: attribute.toLowerCase(),
    filter: filter?.trim(),
    sub: sub?.toLowerCase(),
  }
}
