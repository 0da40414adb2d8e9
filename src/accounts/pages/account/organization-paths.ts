import { z } from 'zod'

/** Where the organizations of a person are. */
export const PATH = '/account/organizations'

/** The page of one that they manage. */
export const pageOf = (id: string): string => `${PATH}/${encodeURIComponent(id)}`

/** That of one of its members. */
export const memberPage = (id: string, accountId: string): string =>
  `${pageOf(id)}/members/${encodeURIComponent(accountId)}`

/** A form of roles, and more. */
export const sentForm = z.record(z.string(), z.string().max(400)).default({})
