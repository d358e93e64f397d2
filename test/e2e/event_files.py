"""TensorBoard's event files, written and read from the description of the format alone: nothing here is the program's.

A record is u64 length, masked CRC-32C of these 8 bytes, data, masked CRC-32C of the data; all little endian. The data is a
protocol buffer: Event {1: wall_time double, 2: step int64, 3: file_version, 5: Summary {1: Value {1: tag, 2: simple_value
float, 5: histogram, 8: TensorProto {1: dtype, 2: shape {2: dim {1: size}}, 4: content}, 9: metadata {1: {1: plugin}}}}}."""
import struct

VERSION = b"brain.Event:2"
FLOAT, DOUBLE, INT64, STRING = 1, 2, 9, 7


def table():
    rows = []
    for i in range(256):
        for _ in range(8):
            i = i >> 1 ^ (0x82F63B78 if i & 1 else 0)
        rows.append(i)
    return rows


TABLE = table()


def checksum(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 255] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return (crc >> 15 | crc << 17) + 0xA282EAD8 & 0xFFFFFFFF


# ---- writing ----

def record(data, length=None):
    head = struct.pack("<Q", len(data) if length is None else length)
    return head + struct.pack("<I", checksum(head)) + data + struct.pack("<I", checksum(data))


def varint(number):
    number &= (1 << 64) - 1
    out = bytearray()
    while number >= 128:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out) + bytes([number])


def number(field, value):
    return varint(field << 3) + varint(value)


def part(field, data):
    return varint(field << 3 | 2) + varint(len(data)) + data


def double(field, value):
    return varint(field << 3 | 1) + struct.pack("<d", value)


def version(time=1.7e9):
    return record(double(1, time) + part(3, VERSION))


def event(time, step, *values):
    return record(double(1, time) + number(2, step) + part(5, b"".join(part(1, value) for value in values)))


def simple(tag, value):
    return part(1, tag) + varint(2 << 3 | 5) + struct.pack("<f", value)


def tensor(tag, dtype, content, sizes=(), plugin=None):
    metadata = part(9, part(1, part(1, plugin))) if plugin else b""
    shape = b"".join(part(2, number(1, size)) for size in sizes)
    return part(1, tag) + metadata + part(8, number(1, dtype) + part(2, shape) + part(4, content))


def histogram(tag):
    return part(1, tag) + part(5, double(1, 0.0) + double(2, 1.0))


def curve(tag, values, first=0, begin=1.7e9, every=0.5):
    """A whole file of one series; steps first, first + 1, ..."""
    return version(begin) + b"".join(event(begin + i * every, first + i, simple(tag, value)) for i, value in enumerate(values))


# ---- reading ----

def records(data):
    at = 0
    while at < len(data):
        head, (length,) = data[at:at + 8], struct.unpack_from("<Q", data, at)
        assert struct.unpack_from("<I", data, at + 8)[0] == checksum(head), f"length at {at}"
        body = data[at + 12:at + 12 + length]
        assert len(body) == length and struct.unpack_from("<I", data, at + 12 + length)[0] == checksum(body), f"data at {at}"
        yield body
        at += 16 + length


def take_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def fields(data):
    """(field, value) of a message; of bytes what they are."""
    at = 0
    while at < len(data):
        key, at = take_varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = take_varint(data, at)
        elif kind == 2:
            length, at = take_varint(data, at)
            value, at = data[at:at + length], at + length
        else:
            form = "<d" if kind == 1 else "<f"
            value, = struct.unpack_from(form, data, at)
            at += struct.calcsize(form)
        yield key >> 3, value


def scalars(data):
    """(tag, step, time, value) of a file that begins with its version and holds nothing but simple values."""
    first, *rest = records(data)
    assert dict(fields(first))[3] == VERSION
    for body in rest:
        told = dict(fields(body))
        step = told.get(2, 0)
        for field, value in fields(told[5]):
            assert field == 1
            said = dict(fields(value))
            assert set(said) == {1, 2}, said
            yield said[1].decode(), step - (1 << 64) if step >> 63 else step, told[1], said[2]


def float32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]
