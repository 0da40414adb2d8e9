/** The library of SCIM, loaded when a directory first asks. It holds the schemas and checks values against them; what it parses by itself (filters, paths) is not given to it. */
import type SCIMMY from 'scimmy'
import { scimError } from './errors.ts'

/** What is kept of a user here. Everything else that a directory says of people is taken and dropped. */
const USER = ['userName', 'name', 'nickName', 'locale', 'timezone', 'active', 'emails', 'groups']
const GROUP = ['displayName', 'members']

export type ResourceName = 'User' | 'Group'

export interface Library {
  /** Documents of discovery (RFC 7644 §4), with the address that everything is below. */
  serviceProviderConfig(base: string): object
  resourceTypes(base: string): Record<string, unknown>[]
  schemas(base: string): Record<string, unknown>[]
  /**
   * Attributes as a client sent them, checked against their types.
   * @throws AppError invalidValue (400)
   */
  check(resource: ResourceName, attributes: Readonly<Record<string, unknown>>): Record<string, unknown>
  /** Whether RFC 7643 knows an attribute of the resource, by its name in lower case: kept here or not. */
  knows(resource: ResourceName, attribute: string): boolean
}

let loading: Promise<Library> | undefined

/** Loads the library once a process. */
export function loadLibrary(): Promise<Library> {
  loading ??= import('scimmy').then(({ default: library }) => open(library))
  return loading
}

function open({ Schemas, Types }: typeof SCIMMY): Library {
  const pick = (whole: typeof Schemas.User.definition, names: readonly string[]) =>
    new Types.SchemaDefinition(
      whole.name,
      whole.id,
      whole.description,
      whole.attributes.filter(({ name }) => names.includes(name ?? '')) as never,
    )
  const whole = { User: Schemas.User.definition, Group: Schemas.Group.definition }
  const kept = { User: pick(whole.User, USER), Group: pick(whole.Group, GROUP) }
  const known = {
    User: new Set(whole.User.attributes.map(({ name }) => (name ?? '').toLowerCase())),
    Group: new Set(whole.Group.attributes.map(({ name }) => (name ?? '').toLowerCase())),
  }
  return {
    serviceProviderConfig: (base) => ({
      ...new Schemas.ServiceProviderConfig(
        {
          patch: { supported: true },
          bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
          filter: { supported: true, maxResults: 200 },
          changePassword: { supported: false },
          sort: { supported: false },
          etag: { supported: true },
          authenticationSchemes: [
            {
              type: 'oauthbearertoken',
              name: 'OAuth Bearer Token',
              description: 'A token that an administrator has created for the directory.',
              specUri: 'https://www.rfc-editor.org/info/rfc6750',
            },
          ],
        } as never,
        `${base}/ServiceProviderConfig`,
      ),
    }),
    resourceTypes: (base) =>
      (['User', 'Group'] as const).map((name) => ({
        schemas: ['urn:ietf:params:scim:schemas:core:2.0:ResourceType'],
        id: name,
        name,
        endpoint: `/${name}s`,
        description: whole[name].description,
        schema: whole[name].id,
        meta: { resourceType: 'ResourceType', location: `${base}/ResourceTypes/${name}` },
      })),
    schemas: (base) =>
      (['User', 'Group'] as const).map(
        (name) => kept[name].describe(`${base}/Schemas`) as unknown as Record<string, unknown>,
      ),
    check(resource, attributes) {
      try {
        return kept[resource].coerce({ ...attributes }, 'in') as Record<string, unknown>
      } catch (error) {
        throw scimError(400, error instanceof Error ? error.message : 'A value is wrong.', 'invalidValue')
      }
    },
    knows: (resource, attribute) =>
      known[resource].has(attribute) || ['schemas', 'id', 'meta', 'externalid'].includes(attribute),
  }
}
