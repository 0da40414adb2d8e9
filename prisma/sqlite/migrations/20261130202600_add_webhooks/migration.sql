-- CreateTable
CREATE TABLE "webhooks" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "url" TEXT NOT NULL,
    "description" TEXT NOT NULL DEFAULT '',
    "events" TEXT NOT NULL,
    "secret" TEXT NOT NULL,
    "former_secret" TEXT NOT NULL DEFAULT '',
    "former_until" DATETIME,
    "position" INTEGER NOT NULL,
    "failing_since" DATETIME,
    "disabled_at" DATETIME,
    "disabled_for" TEXT NOT NULL DEFAULT '',
    "version" INTEGER NOT NULL DEFAULT 0,
    "created_at" DATETIME NOT NULL
);
