import { createHmac, randomBytes } from 'node:crypto'

const PREFIX = 'whsec_'

/** A new secret of 32 random bytes, as Standard Webhooks writes them. */
export const newSecret = (): string => PREFIX + randomBytes(32).toString('base64')

/**
 * `webhook-signature` of a message (Standard Webhooks, symmetric scheme v1): HMAC-SHA-256 over id, timestamp and body, one for each
 * secret that counts, separated by spaces.
 * @param timestamp seconds since the epoch
 */
export const signatureOf = (
  secrets: readonly string[],
  { id, timestamp, body }: { id: string; timestamp: number; body: string },
): string =>
  secrets
    .map((secret) => {
      const key = Buffer.from(secret.slice(PREFIX.length), 'base64')
      return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`
    })
    .join(' ')
