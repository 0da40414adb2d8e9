import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { AccountPagesDependencies } from '../dependencies.ts'
import type { Signed, SignedIn } from './signed-in.ts'

/** Where the organizations of a person are. */
export const PATH = '/account/organizations'

/** The page of one that they manage. */
export const pageOf = (id: string): string => `${PATH}/${encodeURIComponent(id)}`

/** That of one of its members. */
export const memberPage = (id: string, accountId: string): string =>
  `${pageOf(id)}/members/${encodeURIComponent(accountId)}`

/** A form of roles, and more. */
export const sentForm = z.record(z.string(), z.string().max(400)).default({})

/**
 * What a manager does waits for a fresh sign-in: the page to go to for it. Undefined: they signed in lately.
 * @param words what is done, to the organization of this name
 * @throws AppError organization_not_found (404) unless they manage it
 */
export const freshSignInOf =
  ({ managing }: AccountPagesDependencies['organizations'], signedIn: SignedIn) =>
  async (request: FastifyRequest, signed: Signed, id: string, words: (organization: string) => string) => {
    const { name } = await managing.organization(signed.account.id, id)
    return signedIn.again(request, signed, words(name))
  }
