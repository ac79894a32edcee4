"""The code that a careful user of each peer would write: tickets of the documented format, integers as integers.

Dates stay text and the documented format is assumed, in the peers' favor: gettickets creates datetimes and reads every
shape that servers are known to send.
"""

import msgspec
import pydantic

FIELDS = (
    "id", "tid", "deptid", "userid", "name", "owner_name", "email", "requestor_name", "requestor_email",
    "requestor_type", "cc", "c", "date", "subject", "status", "priority", "admin", "attachment", "attachments",
    "attachments_removed", "lastreply", "flag", "service",
)  # fmt: skip


class Attachment(msgspec.Struct):
    filename: str
    index: int


class Ticket(msgspec.Struct):
    id: int
    tid: str
    deptid: int
    userid: int
    name: str
    email: str
    cc: str
    c: str
    date: str
    subject: str
    status: str
    priority: str
    admin: str
    attachment: str
    lastreply: str
    flag: int
    service: str
    owner_name: str | None = None
    requestor_name: str | None = None
    requestor_email: str | None = None
    requestor_type: str | None = None
    attachments: list[Attachment] | None = None
    attachments_removed: bool | None = None


class Tickets(msgspec.Struct):
    ticket: list[Ticket]


class Reply(msgspec.Struct):
    result: str
    totalresults: int
    startnumber: int
    numreturned: int
    tickets: Tickets


# Not strict, because numbers are sent as text.
DECODER = msgspec.json.Decoder(Reply, strict=False)


class AttachmentModel(pydantic.BaseModel):
    filename: str
    index: int


class TicketModel(pydantic.BaseModel):
    id: int
    tid: str
    deptid: int
    userid: int
    name: str
    email: str
    cc: str
    c: str
    date: str
    subject: str
    status: str
    priority: str
    admin: str
    attachment: str
    lastreply: str
    flag: int
    service: str
    owner_name: str | None = None
    requestor_name: str | None = None
    requestor_email: str | None = None
    requestor_type: str | None = None
    attachments: list[AttachmentModel] | None = None
    attachments_removed: bool | None = None


class TicketsModel(pydantic.BaseModel):
    ticket: list[TicketModel]


class ReplyModel(pydantic.BaseModel):
    result: str
    totalresults: int
    startnumber: int
    numreturned: int
    tickets: TicketsModel
