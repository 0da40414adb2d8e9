import { hash } from 'node:crypto'

/** What identifies an artefact in the database, and in lists of artefacts, in place of its id, which may be a secret. */
export const hashId = (id: string): string => hash('sha256', id, 'base64url')
