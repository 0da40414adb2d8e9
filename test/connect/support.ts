import type { Page } from 'playwright-core'
import { allow, press, signIn } from '../e2e/steps.ts'
import type { Latchkey } from '../support/latchkey.ts'

/** Those of each server, which is listened to once. */
const answersOf = new WeakMap<Latchkey, { tokens: number }>()

/** Counts the token requests that a server has answered with tokens, from now on. */
export function tokenAnswers(latchkey: Latchkey): () => number {
  const counted = answersOf.get(latchkey) ?? countAnswers(latchkey)
  const before = counted.tokens
  return () => counted.tokens - before
}

function countAnswers(latchkey: Latchkey): { tokens: number } {
  const counted = { tokens: 0 }
  answersOf.set(latchkey, counted)
  latchkey.app.server.on('request', (request, response) => {
    if (request.method === 'POST' && request.url === '/token')
      response.on('finish', () => {
        if (response.statusCode === 200) counted.tokens++
      })
  })
  return counted
}

/** Signs in at Latchkey and allows; ends at the app, which shows who it is. */
export async function enterAt(page: Page, person: { username: string; email: string }): Promise<void> {
  await signIn(page, person.username)
  await allow(page)
  await page.getByText(person.email).first().waitFor()
  await page.getByText(person.username).first().waitFor()
}

/** Signs out at the app and, where Latchkey asks, there; ends at the app, which knows nobody. */
export async function leaveAt(page: Page, press_: () => Promise<unknown>, home: string): Promise<void> {
  await press_()
  const question = page.getByRole('heading', { level: 1, name: 'Sign out?' })
  await question.or(page.getByText('Sign in').first()).waitFor()
  if (await question.isVisible()) await press(page, 'Sign out')
  await page.getByText('Sign in').first().waitFor()
  if (!page.url().startsWith(home)) throw new Error(`signed out at ${page.url()}`)
}
