/**
 * How registrations, files and rules name roles: one of an API by the identifier of the API, which is a URI (RFC 8707 §2), and its name, since
 * two APIs may each have an “admin”; one of no API by its name alone.
 */
import { nameKey } from './name-key.ts'

/** `resource` undefined or empty: it belongs to no API. */
export interface NamedRole {
  name: string
  resource?: string | undefined
}

const OF_API = /^((?:https?|urn):\S+) (.+)$/su

export const writtenRole = ({ name, resource }: NamedRole): string =>
  resource ? `${resource} ${name}` : name

/** The role that was written so. */
export function roleIn(written: string): NamedRole {
  const [, resource, name = written] = OF_API.exec(written) ?? []
  return { name, resource }
}

/** What roles are compared by: names however they are written, identifiers of APIs as they are. */
export const roleKey = ({ name, resource = '' }: NamedRole): string =>
  JSON.stringify([resource, nameKey(name)])
