import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { pageText } from '../../src/http/pages/views.ts'
import { buildHttpApp } from './http-app.ts'
import { samples } from './sample-pages.ts'

let app: FastifyInstance
beforeAll(async () => {
  app = await buildHttpApp()
})
afterAll(() => app.close())

test('every view has a sample', () => {
  const folder = fileURLToPath(new URL('../../views/', import.meta.url))
  const views = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /^(accounts|api|device|factors|federation|http|interaction|oidc)\/.*\.eta$/.test(file))
    .map((file) => file.replace(/\.eta$/, ''))
  expect([...new Set(samples.map((sample) => sample.view))].sort()).toEqual(views.sort())
})

test.each(samples.map((sample) => [sample.title, sample] as const))(
  '%s: title, one heading in the main part, a token in every form, no hole in the text',
  async (_title, sample) => {
    const { body, statusCode } = await app.inject(`/sample/${sample.title}`)
    expect(statusCode).toBe(sample.status ?? 200)
    expect(body).toMatch(/<title>[^<]+ · Latchkey<\/title>/)
    expect(body.match(/<h1>/g)).toHaveLength(1)
    expect(body.match(/<main[ >]/g)).toHaveLength(1)
    // A search changes nothing.
    expect(body.match(/<form (?!method="get")/g)?.length).toBe(body.match(/name="csrf_token"/g)?.length)
    // A random token may spell anything.
    expect(body.replaceAll(/name="csrf_token" value="[^"]*"/g, '')).not.toMatch(/undefined|\[object|NaN/)
  },
)

test('what is wrong in a form is summed up by the names of the fields, each a link to its field', async () => {
  const { body } = await app.inject('/sample/register-wrong')
  const links = [...body.matchAll(/<li><a href="#([^"]+)"><b>([^<]+)<\/b>: [^<]+<\/a>/g)]
  expect(links.map(([, id, name]) => [id, name])).toEqual([
    ['field-username', 'Username'],
    ['field-email', 'Email'],
    ['field-password', 'Password'],
  ])
  for (const [, id] of links) expect(body).toContain(`<input id="${id}"`)
})

test('what people and clients call themselves is text, not markup', async () => {
  const client = {
    name: '<img src=x onerror=alert(1)>',
    clientUri: 'javascript:alert(1)',
    policyUri: 'javascript:alert(2)',
  }
  const consent = await pageText(app, 'interaction/consent', {
    action: '/x" onclick="alert(3)',
    client,
    account: { username: '"><script>alert(4)</script>' },
    switchAccount: { action: '/switch' },
    access: { own: [{ title: '<b>all</b>' }], apis: [] },
  })
  const failed = await pageText(app, 'oidc/error', {
    title: 'Sign-in could not go on',
    message: 'm',
    error: '<svg onload=alert(5)>',
    requestId: '1',
    client,
    wayOut: { href: client.clientUri, label: 'Go' },
  })
  for (const body of [consent, failed]) {
    expect(body).not.toMatch(/<img|<script>|<svg onload|<b>all|javascript:|" onclick=/)
  }
  expect(consent).toContain('&lt;img src=x onerror=alert(1)&gt;')
})

test('passwords never come back', async () => {
  const body = await pageText(app, 'interaction/sign-in', {
    action: '/login',
    providers: [],
    forgotHref: '/forgot-password',
    values: { identifier: 'ada', password: 'hush' },
  })
  expect(body).toContain('value="ada"')
  expect(body).not.toContain('hush')
})

test('an answer to a form that is too large to be kept is sent as it is', async () => {
  const page = await app.inject('/login')
  const cookies = Object.fromEntries(page.cookies.map(({ name, value }) => [name, value]))
  const token = /name="csrf_token" value="([^"]+)"/.exec(page.body)?.[1] ?? ''
  const answer = await app.inject({
    method: 'POST',
    url: '/large',
    cookies,
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: 'http://localhost:3000' },
    payload: new URLSearchParams({ csrf_token: token }).toString(),
  })
  expect(answer.statusCode).toBe(200)
  expect(answer.body).toContain('xxxxxxxxxx')
})

test.each(samples.map((sample) => [sample.title, sample] as const))(
  '%s: what a field lacks is said by this server, beside it, and not by a bubble of the browser',
  async (_title, sample) => {
    const { body } = await app.inject(`/sample/${sample.title}`)
    const forms = [...body.matchAll(/<form [^>]*>.*?<\/form>/gs)].map(([form]) => form)
    for (const form of forms.filter((each) => / required(?=[\s>])/.test(each)))
      expect(form.slice(0, form.indexOf('>'))).toMatch(/ novalidate$/)
  },
)
